// Mistakes between a text and input_ids.
import type { Ids } from '@siglip-ts/core';
import type { Mistake, Tokens } from './mistake.ts';

const tokens = (m: Omit<Mistake, 'stage' | 'towers'>): Mistake => ({
  stage: 'tokens',
  towers: ['text'],
  ...m,
});

/** The ids of each text, made by `cut` and padded as SigLIP's. */
function encoded(t: Tokens, cut: (text: string) => number[], eos = true): Ids {
  const { texts, length, pad } = t;
  if (!texts) return t.ids;
  const rows = texts.given.map((text) => {
    const ids = cut(text).slice(0, eos ? length - 1 : length);
    return eos ? [...ids, t.eos] : ids;
  });
  return padded(rows, length, pad);
}

function padded(rows: number[][], length: number, pad: number): Ids {
  const data = rows.flatMap((row) => [
    ...row,
    ...new Array<number>(Math.max(0, length - row.length)).fill(pad),
  ]);
  return { data: Int32Array.from(data), shape: [rows.length, length] };
}

export function rowsOf({ data, shape }: Ids): number[][] {
  const T = shape[1]!;
  return Array.from({ length: shape[0]! }, (_, i) => [...data.subarray(i * T, (i + 1) * T)]);
}

/** How many ids of a row are text and its eos; the rest is padding. */
export function lengthOf(row: readonly number[], { pad, eos }: Tokens): number {
  let n = row.length;
  while (n > 0 && row[n - 1] === pad) n--;
  return pad === eos ? Math.min(row.length, n + 1) : Math.max(1, n);
}

export const TOKEN_MISTAKES: readonly Mistake[] = [
  tokens({
    name: 'no-lowercase',
    who: 'Tokenizers rebuilt from spiece.model alone, and the fast Gemma tokenizer that SigLIP 2 shipped with.',
    ids: (t) =>
      encoded(t, (text) => {
        const { tokenizer } = t.texts!;
        const before = tokenizer.do_lower_case;
        tokenizer.do_lower_case = false;
        try {
          return tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text));
        } finally {
          tokenizer.do_lower_case = before;
        }
      }),
  }),
  tokens({
    name: 'keep-punctuation',
    who: "big_vision's own tokenizer and everything that calls SentencePiece directly.",
    ids: (t) =>
      encoded(t, (text) => {
        const { sp_model } = t.texts!.tokenizer;
        // Behind <unk> the first word keeps its marker, as in transformers.
        const shield = sp_model.encode('<unk>').pieces.length;
        const lower = [...text.replaceAll('▁', ' ')].map((c) => c.toLowerCase()).join('');
        const { pieces } = sp_model.encode(`<unk>▁${lower.trim()}`);
        return t.texts!.tokenizer.convert_tokens_to_ids(pieces.slice(shield));
      }),
  }),
  tokens({
    name: 'padding-longest',
    who: 'padding=True instead of "max_length": the default of most pipelines.',
    ids(t) {
      const rows = rowsOf(t.ids);
      const longest = rows.reduce((n, row) => Math.max(n, lengthOf(row, t)), -Infinity);
      return padded(
        rows.map((row) => row.slice(0, longest)),
        longest,
        t.pad,
      );
    },
  }),
  tokens({
    name: 'no-eos',
    who: 'add_special_tokens=False. Where padding is eos too, only a text that fills every position shows it.',
    ids(t) {
      if (t.texts) {
        const { tokenizer } = t.texts;
        return encoded(t, (x) => tokenizer.convert_tokens_to_ids(tokenizer.tokenize(x)), false);
      }
      const rows = rowsOf(t.ids).map((row) => row.slice(0, lengthOf(row, t) - 1));
      return padded(rows, t.ids.shape[1]!, t.pad);
    },
  }),
  tokens({
    name: 'attention-mask',
    who: 'Tokenizers that return an attention_mask, passed on: SigLIP was trained without.',
    mask(t) {
      const data = rowsOf(t.ids).flatMap((row) => {
        const n = lengthOf(row, t);
        return row.map((_, i) => (i < n ? 1 : 0));
      });
      return { data: Int32Array.from(data), shape: t.ids.shape };
    },
  }),
];
