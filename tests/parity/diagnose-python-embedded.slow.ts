// Mistakes made in the real Python from a picture and texts to logits (fixtures/make/diagnose_embedded.py), on the
// embedded model: what a user of `siglip parity diagnose` has. diagnose-python.test.ts is about the towers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RawImage } from '@siglip-ts/image';
import { bytesSource, openSafetensors } from '@siglip-ts/safetensors';
import { defaultModel, mapFiles, modelFiles } from 'siglip-ts';
import { mistakeNames } from '../../packages/parity/src/diagnose/catalogue/catalogue.ts';
import { diagnose, diagnosis } from '../../packages/parity/src/diagnose/diagnose.ts';
import { subjectOf } from '../../packages/parity/src/diagnose/reference/subject.ts';
import type { Taps } from '../../packages/parity/src/dump.ts';
import { type View, VIEWS } from './planted.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const open = (name: string) => openSafetensors(bytesSource(readFileSync(join(fixtures, name))));
const file = await open('parity/diagnose-embedded.safetensors');
const towers = await open('parity/diagnose.safetensors');
const texts = JSON.parse(file.metadata.get('texts')!) as string[];

const picture = async (): Promise<RawImage> => {
  const { shape, data } = await towers.read('inputs-picture/bytes');
  return { mode: 'RGB', height: shape[0]!, width: shape[1]!, data: data as Uint8Array };
};
const embedded = await subjectOf(mapFiles(await defaultModel(), 'the embedded model'));
const pictures = [await picture()];
const usual = diagnosis(embedded, { pictures, texts });
/** Of three texts the longest is full, and there is nothing to cut. */
const short = diagnosis(embedded, { pictures, texts: texts.slice(0, 2) });

/** `pixels:range-0-255~normalized` is a variant of range-0-255. */
const nameOf = (key: string): string => key.replace(/^(pixels|tokens):/, '').replace(/[~:].*/, '');
const plants = [...new Set([...file.tensors.keys()].map((key) => key.split('/')[0]!))].filter(
  (name) => name !== 'classification-skips-first-patch',
);

async function dumpOf(plant: string, view: View): Promise<Taps> {
  const taps = new Map<string, { shape: readonly number[]; dtype: string; data: Float32Array }>();
  for (const key of file.tensors.keys()) {
    const tap = key.slice(plant.length + 1);
    if (!key.startsWith(`${plant}/`) || !VIEWS[view](tap)) continue;
    const { shape, data } = await file.read(key);
    taps.set(tap, { shape, dtype: 'float32', data: Float32Array.from(data as Iterable<number>) });
  }
  if (taps.size === 0) throw new Error(`the golden has nothing of ${plant} in the view ${view}`);
  return { taps };
}

/** Where nothing differs, or what diagnose-python.test.ts has from another model already. */
const left = (plant: string, view: View): boolean =>
  (plant.startsWith('hidden-state-before-norm') && view !== 'taps') ||
  (plant === 'softmax-scores' && view !== 'taps') || // its logits are right
  (plant.startsWith('pixels:') && view === 'taps' && !file.tensors.has(`${plant}/pixel_values`)) ||
  (plant.endsWith('padding-longest') && view === 'logits');

describe.each(Object.keys(VIEWS) as View[])('from %s', (view) => {
  const given = plants.filter((plant) => !left(plant, view));
  test.each(given)('%s', { timeout: 180_000 }, async (plant) => {
    const dump = await dumpOf(plant, view);
    const ranking = await (plant.endsWith('padding-longest') ? short : usual)(dump);
    expect(ranking[0]!.mistake, JSON.stringify(ranking.slice(0, 3))).toBe(nameOf(plant));
  });
});

test.each(['taps', 'logits'] as const)(
  'classification-skips-first-patch, from %s',
  async (view) => {
    const subject = await subjectOf(await modelFiles(join(fixtures, 'model/classifier-3')));
    const inputs = await open('model/classifier-3/inputs.safetensors');
    const { shape, data } = await inputs.read('pixel_values');
    const pixel_values = { shape, data: Float64Array.from(data as Iterable<number>) };
    const dump = await dumpOf('classification-skips-first-patch', view);
    const ranking = await diagnose(subject, { pixel_values }, dump);
    expect(ranking[0]!.mistake).toBe('classification-skips-first-patch');
  },
);

test('every mistake of the catalogue was made in the real Python', () => {
  const made = [...file.tensors.keys(), ...towers.tensors.keys()].map((key) => key.split('/')[0]!);
  expect(mistakeNames.filter((name) => !made.some((key) => nameOf(key) === name))).toEqual([]);
});
