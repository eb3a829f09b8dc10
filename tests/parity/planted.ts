// Dumps with planted mistakes, made by the catalogue's own variations, in float32. Not a test itself.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadImage, mapFiles, defaultModel, modelFiles } from 'siglip-ts';
import type { DumpLike } from '../../packages/parity/src/diagnose/diagnose.ts';
import type { Mistake, Values } from '../../packages/parity/src/diagnose/mistake.ts';
import { runOutputs, runTower } from '../../packages/parity/src/diagnose/reference.ts';
import {
  subjectOf,
  type Inputs,
  type Subject,
} from '../../packages/parity/src/diagnose/subject.ts';
import { generator } from '@siglip-ts/core';

const fixtures = join(import.meta.dirname, '../../fixtures');

export const SUBJECTS = ['embedded', 'plain', 'odd', 'plain-large', 'classifier-3'] as const;
export type SubjectName = (typeof SUBJECTS)[number];
export interface Case {
  readonly subject: Subject;
  readonly inputs: Inputs;
}

const cases = new Map<SubjectName, Promise<Case>>();
export function subject(name: SubjectName): Promise<Case> {
  if (!cases.has(name)) cases.set(name, load(name));
  return cases.get(name)!;
}

async function load(name: SubjectName): Promise<Case> {
  if (name === 'embedded') {
    const picture = await loadImage(readFileSync(join(fixtures, 'images/coffee-progressive.jpg')));
    return {
      subject: await subjectOf(mapFiles(await defaultModel(), 'the embedded model')),
      inputs: {
        pictures: [picture],
        texts: ['A photo of a Cup, on a table!', LONG],
      },
    };
  }
  const files = await modelFiles(join(fixtures, 'model', name.replace('-large', '')));
  const s = await subjectOf(files);
  const c = s.vision!;
  const [h, w] = name === 'plain-large' ? [40, 26] : [c.image_size, c.image_size];
  const n = 2 * c.num_channels * h * w;
  const random = generator('planted pictures');
  const pixel_values = {
    shape: [2, c.num_channels, h, w],
    data: Float64Array.from({ length: n }, () =>
      Math.fround((Math.floor(random() * 256) / 255 - 0.5) / 0.5),
    ),
  };
  if (!s.text) return { subject: s, inputs: { pixel_values } };
  const T = s.text.max_position_embeddings;
  // Texts of different lengths, the rest padding, whose id is 1.
  const data = Int32Array.from({ length: 2 * T }, (_, i) =>
    i % T < (i < T ? 4 : T - 2) ? 5 + ((i * 7) % 20) : 1,
  );
  return { subject: s, inputs: { pixel_values, input_ids: { shape: [2, T], data } } };
}

const LONG =
  'A very long text about a very long train that runs through a very long valley at night, and more';

/** What a float32 implementation with these mistakes dumps: everything, or logits_per_image alone. */
export async function planted(
  { subject, inputs }: Case,
  mistakes: readonly Mistake[],
  what: 'all' | 'logits' | 'embeds',
): Promise<DumpLike> {
  const all = new Map<string, Values>();
  const pooled: Values[] = [];
  for (const tower of ['vision', 'text'] as const) {
    if (!subject[tower]) continue;
    const own = mistakes.filter((m) => m.towers.includes(tower));
    const run = await runTower(subject, inputs, tower, { mistakes: own, dtype: 'float32' });
    for (const [key, x] of run) all.set(key, x);
    const x = run.get(`${tower}_model.head`);
    if (x) pooled.push(x);
  }
  if (subject.labels === null)
    for (const [key, x] of await runOutputs(subject, pooled[0]!, pooled[1]!, mistakes))
      all.set(key, x);
  const kept = (key: string) =>
    what === 'all' ||
    key === 'logits' ||
    (what === 'logits' ? key === 'logits_per_image' : key.endsWith('_embeds'));
  const taps = [...all].filter(([key]) => kept(key));
  return {
    taps: new Map(
      taps.map(([key, { shape, data }]) => [
        key,
        { shape, dtype: 'float32', data: Float32Array.from(data) },
      ]),
    ),
  };
}

/** Whether a mistake changes any number here by more than rounding does. */
export async function visible(c: Case, m: Mistake): Promise<boolean> {
  const needsPictures = m.resize !== undefined;
  if (needsPictures && !c.inputs.pictures) return false;
  if (m.interpolated && c.inputs.pixel_values?.shape[2] === c.subject.vision!.image_size)
    return false;
  if (m.interpolated && c.inputs.pictures) return false;
  if (m.stage === 'output' && c.subject.labels !== null) return false;
  const [right, wrong] = [await planted(c, [], 'all'), await planted(c, [m], 'all')];
  for (const [key, { data }] of wrong.taps) {
    const x = right.taps.get(key)?.data;
    if (!x || x.length !== data.length) return true;
    let [error, power] = [0, 0];
    data.forEach((v, i) => {
      error += (v - x[i]!) ** 2;
      power += x[i]! ** 2;
    });
    if (error > 1e-10 * power) return true;
  }
  return false;
}
