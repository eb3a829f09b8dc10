// Texts named on a command line or on stdin, and their ids as the text tower takes them.
import { type AnyTokenizer, SiglipConfig } from 'siglip-ts';
import { type AnyConfig, toFullLength } from 'siglip-ts/internals';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { note } from './options.ts';
import { stdinBytes } from './stdin.ts';

/** The texts given; each "-" stands for what stdin holds: one JSON string per line. */
export async function textsOf(given: readonly string[], io: Io): Promise<string[]> {
  const lists = [];
  for (const text of given) lists.push(text === '-' ? await stdinTexts(io) : [text]);
  const texts = lists.flat();
  if (texts.length === 0)
    throw new Exit(2, 'stdin: it is empty, expected one JSON string per line');
  return texts;
}

async function stdinTexts(io: Io): Promise<string[]> {
  const lines = (await stdinBytes(io)).toString('utf8').split(/\r?\n/);
  return lines.flatMap((line, i) => (line === '' ? [] : [parseText(line, i + 1)]));
}

function parseText(line: string, number: number): string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // Said below, in the same words as for JSON that is no string.
  }
  if (typeof value !== 'string')
    throw new Exit(
      2,
      `stdin, line ${number}: ${line.slice(0, 40)} is no JSON string, expected one such as "a cat"`,
    );
  return value;
}

/** How many positions the text tower has; undefined where the configuration has none. */
export function positionsOf(config: AnyConfig): number | undefined {
  const text = config instanceof SiglipConfig ? config.text_config : config;
  return (text as { max_position_embeddings?: number }).max_position_embeddings;
}

/** How texts are tokenized: at the full length, as SigLIP was trained, whether they are shorter or longer. */
export const fullLength = (tokenizer: AnyTokenizer, most: number) =>
  ({ ...toFullLength(tokenizer, most), truncation: true }) as const;

/** Says which texts are longer than what the model has positions for, so that `fullLength` cuts them. */
export function noteCut(
  io: Io,
  tokenizer: AnyTokenizer,
  texts: readonly string[],
  most: number,
): void {
  for (const text of texts) {
    const { length } = tokenizer(text, null, { verbose: false }).input_ids;
    if (length > most)
      note(io, `text ${JSON.stringify(shortened(text))} has ${length} tokens, cut to the ${most} that the model takes`); // prettier-ignore
  }
}

const shortened = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

/** The ids of texts at the full length. */
export function idsOf(io: Io, tokenizer: AnyTokenizer, texts: readonly string[], most: number) {
  noteCut(io, tokenizer, texts, most);
  return tokenizer(texts, null, { ...fullLength(tokenizer, most), return_tensors: true }).input_ids;
}
