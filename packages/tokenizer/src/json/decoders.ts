// The decoders of a tokenizer.json: from tokens back to text.
import { isUtf8, utf8Decode } from '../text/utf8.ts';
import { component, fail, insert, list, type Readers, string } from './checks.ts';
import { pattern } from './patterns.ts';
import { METASPACE, metaspace } from './pre-tokenizers.ts';

export type Decode = (tokens: readonly string[]) => readonly string[];

/** Runs of bytes, `<0x0A>`, become what they are in UTF-8, or U+FFFD for each. */
const byteFallback: Decode = (tokens) => {
  const out: string[] = [];
  let run: number[] = [];
  const flush = (): void => {
    const bytes = Uint8Array.from(run);
    if (run.length > 0) out.push(isUtf8(bytes) ? utf8Decode(bytes) : '\ufffd'.repeat(run.length));
    run = [];
  };
  for (const token of tokens) {
    if (/^<0x[\dA-Fa-f]{2}>$/.test(token)) run.push(Number.parseInt(token.slice(3, 5), 16));
    else {
      flush();
      out.push(token);
    }
  }
  flush();
  return out;
};

const count = (value: unknown, name: string): number =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : fail(name, value, 'a count');

const READERS: Readers<Decode> = {
  Sequence: [
    'decoders',
    (json, name) => {
      const steps = list(json['decoders'], name).map((one) => component(one, name, READERS));
      return (tokens) => steps.reduce((now, step) => step(now), tokens);
    },
  ],
  ByteFallback: ['', () => byteFallback],
  Fuse: ['', () => (tokens) => [tokens.join('')]],
  Replace: [
    'pattern content',
    (json, name) => {
      const regex = pattern(json['pattern'], `${name}.pattern`);
      const content = insert(json['content'], `${name}.content`);
      return (tokens) => tokens.map((token) => token.replace(regex, () => content));
    },
  ],
  Strip: [
    'content start stop',
    (json, name) => {
      const content = string(json['content'], `${name}.content`);
      const [start, stop] = [count(json['start'], name), count(json['stop'], name)];
      return (tokens) =>
        tokens.map((token) => {
          let [begin, end] = [0, token.length];
          while (begin < start && begin < end && token[begin] === content) begin++;
          while (token.length - end < stop && end > begin && token[end - 1] === content) end--;
          return token.slice(begin, end);
        });
    },
  ],
  Metaspace: [
    METASPACE,
    (json, name) => {
      const [char, scheme] = metaspace(json, name);
      return (tokens) =>
        tokens.map((token, i) => token.replaceAll(char, i === 0 && scheme !== 'never' ? '' : ' '));
    },
  ],
};

/** The tokens with spaces between where there is none. */
export const decoder = (json: unknown): ((tokens: readonly string[]) => string) => {
  if (json == null) return (tokens) => tokens.join(' ');
  const decode = component(json, 'decoder', READERS);
  return (tokens) => decode(tokens).join('');
};
