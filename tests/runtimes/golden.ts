// The hashes of fixtures/wasm/hashes.json, which every runtime must give. They change only with the embedded weights, the
// order of some sum or a polynomial, on purpose; a test that fails then shows the new ones.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { root } from './bundle.ts';
import type { Answer } from './classify.ts';

const file = readFileSync(join(root, 'fixtures/wasm/hashes.json'), 'utf8');
const { hashes } = JSON.parse(file) as { hashes: Readonly<Record<string, string>> };

/** What the pictures show, and the same hash for one picture after the other as for all in a batch. */
const ANSWER: Answer = {
  best: ['cup', 'cup', 'bicycle', 'pizza', 'rocket'],
  hashes: Object.fromEntries(
    Object.entries(hashes).map(([weights, hash]) => [weights, { batch1: hash, batch5: hash }]),
  ),
};

export const expectAnswer = (answer: unknown): void => expect(answer).toEqual(ANSWER);
