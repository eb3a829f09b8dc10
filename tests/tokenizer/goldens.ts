// Reads fixtures/tokenizer. The goldens were made by fixtures/make/tokenizer.py with the real
// libraries.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

const fixtures = new URL('../../fixtures/tokenizer/', import.meta.url);
const shared = new URL('../../../shared/data/', import.meta.url);

export const OWN = ['plain', 'byte-fallback', 'user-defined', 'no-prefix', 'casefold'] as const;

export interface VocabularyGolden {
  sha256: string;
  vocab_size: number;
  special_ids: Record<'unk' | 'bos' | 'eos' | 'pad', number>;
  raw_ids: number[][];
  raw_pieces: string[][];
  normalized: string[];
  decoded_pieces: string[];
  decoded_ids: string[];
  piece_ids: [string, number][];
  raw_long: string[];
  ids: number[][];
  no_eos_appended: number[];
  decoded: string[];
  long: string[];
}

export interface Texts {
  texts: string[];
  long: [unit: string, repeats: number][];
}

export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, fixtures), 'utf8')) as T;
}

/** A vocabulary of the project's own. */
export function model(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`${name}.model`, fixtures)));
}

/** A public vocabulary; it is not in the project and may be absent. */
export function publicModel(name: string): Uint8Array | null {
  return readIfThere(new URL(`tokenizer/${name}.model`, shared));
}

/** The embedded checkpoint's vocabulary. */
export function tinyModel(): Uint8Array | null {
  return (
    readIfThere(new URL('../../packages/tiny-model/model/spiece.model', import.meta.url)) ??
    readIfThere(new URL('siglip-tiny/spiece.model', shared))
  );
}

function readIfThere(url: URL): Uint8Array | null {
  return existsSync(url) ? new Uint8Array(readFileSync(url)) : null;
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** How the goldens hold the ids of long texts. */
export function digest(ids: readonly number[]): string {
  return sha256(ids.join(','));
}

/** Rows that differ, those that only one has among them, to keep a failure readable. */
export function differences(
  found: readonly unknown[],
  expected: readonly unknown[],
  texts: readonly string[],
) {
  const rows: unknown[] = [];
  const longest = found.length > expected.length ? found : expected;
  longest.forEach((_, i) => {
    if (
      i >= found.length ||
      i >= expected.length ||
      JSON.stringify(found[i]) !== JSON.stringify(expected[i])
    )
      rows.push({ text: texts[i], found: found[i], want: expected[i] });
  });
  return rows.slice(0, 5);
}
