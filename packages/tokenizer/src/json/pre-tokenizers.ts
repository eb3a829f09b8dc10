// The pre-tokenizers of a tokenizer.json: where a normalised text is cut before the model sees it.
import { component, fail, type Json, list, oneOf, type Readers, string } from './checks.ts';
import { SPACE } from './normalizers.ts';
import { matches, pattern } from './patterns.ts';

/** A stretch of text; `first`: the text begins with it, which Metaspace may ask. */
export interface Piece {
  readonly text: string;
  readonly first: boolean;
}
export type PreTokenize = (pieces: readonly Piece[]) => readonly Piece[];

/** Each piece by itself; empty ones are dropped. Of a piece that is cut, the first part is as first as it was. */
const each =
  (cut: (piece: Piece) => readonly string[]): PreTokenize =>
  (pieces) =>
    pieces.flatMap((piece) =>
      cut(piece)
        .map((text, i) => ({ text, first: piece.first && i === 0 }))
        .filter(({ text }) => text !== ''),
    );

type Span = [begin: number, end: number];
type Found = ReturnType<typeof matches>;

/** What becomes of the matches: kept alone, joined to a neighbour or dropped. A match joins what is no match, not another. */
const BEHAVIOURS: Readonly<Record<string, (found: Found) => Span[]>> = {
  Isolated: (found) => found.map(([begin, end]) => [begin, end]),
  Removed: (found) => found.filter(([, , is]) => !is).map(([begin, end]) => [begin, end]),
  Contiguous: (found) => merged(found, (is, before) => is === before),
  MergedWithPrevious: (found) => merged(found, (is, before) => is && !before),
  MergedWithNext: (found) => {
    const mirrored = [...found].reverse().map(([begin, end, is]): Found[number] => [-end, -begin, is]); // prettier-ignore
    return merged(mirrored, (is, before) => is && !before)
      .map(([begin, end]): Span => [-end, -begin])
      .reverse();
  },
};

function merged(found: Found, joins: (is: boolean, before: boolean) => boolean): Span[] {
  const spans: Span[] = [];
  let before = false;
  for (const [begin, end, is] of found) {
    const last = spans[spans.length - 1];
    if (last && joins(is, before)) last[1] = end;
    else spans.push([begin, end]);
    before = is;
  }
  return spans;
}

const split = (regex: RegExp, behaviour: string, invert: boolean) => (text: string) => {
  const found = matches(text, regex).map(([begin, end, is]): Found[number] => [
    begin,
    end,
    is !== invert,
  ]);
  return BEHAVIOURS[behaviour]!(found).map(([begin, end]) => text.slice(begin, end));
};

const SCHEMES = ['always', 'first', 'never'] as const;

/** What Metaspace says in either role: its character, and where one is put in front. */
export function metaspace(json: Json, name: string): [char: string, scheme: string] {
  const old = oneOf(json['add_prefix_space'], name, [true, false]); // before tokenizers 0.19
  const scheme = oneOf(json['prepend_scheme'], name, SCHEMES);
  const char = string(json['replacement'], name);
  if (Array.from(char).length !== 1) fail(`${name}.replacement`, char, 'one character');
  return [char, old ? scheme : 'never'];
}
export const METASPACE = 'replacement prepend_scheme split add_prefix_space str_rep';

const READERS: Readers<PreTokenize> = {
  Sequence: [
    'pretokenizers',
    (json, name) => {
      const steps = list(json['pretokenizers'], name).map((one) => component(one, name, READERS));
      return (pieces) => steps.reduce((now, step) => step(now), pieces);
    },
  ],
  WhitespaceSplit: [
    '',
    () => {
      const spaces = new RegExp(SPACE, 'gu');
      return each(({ text }) => split(spaces, 'Removed', false)(text));
    },
  ],
  Split: [
    'pattern behavior invert',
    (json, name) => {
      const regex = pattern(json['pattern'], `${name}.pattern`);
      const behaviour = oneOf(json['behavior'], `${name}.behavior`, Object.keys(BEHAVIOURS));
      const cut = split(regex, behaviour, oneOf(json['invert'], name, [false, true]));
      return each(({ text }) => cut(text));
    },
  ],
  Metaspace: [
    METASPACE,
    (json, name) => {
      const [char, scheme] = metaspace(json, name);
      const cuts = oneOf(json['split'], name, [true, false]);
      const words = split(pattern({ String: char }, name), 'MergedWithNext', false);
      return each(({ text, first }) => {
        const marked = text.replaceAll(' ', char);
        const bare = !marked.startsWith(char) && (scheme === 'always' || (scheme === 'first' && first)); // prettier-ignore
        const whole = bare ? char + marked : marked;
        return cuts ? words(whole) : [whole];
      });
    },
  ],
};

/** The text in one piece where there is none. */
export const preTokenizer = (json: unknown): PreTokenize =>
  json == null ? (pieces) => pieces : component(json, 'pre_tokenizer', READERS);
