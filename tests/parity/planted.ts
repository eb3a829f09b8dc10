// Models with inputs, and dumps with planted mistakes, made by the catalogue's own variations in float32. Not a test itself.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RawImage } from '@siglip-ts/image';
import { defaultModel, loadImage, mapFiles, modelFiles, SiglipTokenizer } from 'siglip-ts';
import type { Mistake, Numbers } from '../../packages/parity/src/diagnose/catalogue/mistake.ts';
import { cropped } from '../../packages/parity/src/diagnose/catalogue/resize.ts';
import { judged, type Verdict } from '../../packages/parity/src/diagnose/diagnose.ts';
import {
  type Reference,
  referenceOf,
} from '../../packages/parity/src/diagnose/reference/reference.ts';
import { type Subject, subjectOf } from '../../packages/parity/src/diagnose/reference/subject.ts';
import type { DumpTensor, Taps } from '../../packages/parity/src/dump.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const letters = readFileSync(join(fixtures, 'parity/letters.model'));

export const MODELS = ['embedded', 'plain', 'odd', 'classifier-3'] as const;
export type ModelName = (typeof MODELS)[number];
export interface Case {
  readonly ours: Reference;
  readonly diagnose: (dump: Taps) => Promise<Verdict[]>;
}

/** A text each: capitals and punctuation, short, longer than any model's positions. */
const TEXTS = {
  words: ['A photo of a Cup, on a table!', 'a cat', 'A very long text about a very long train that runs through a very long valley at night'], // prettier-ignore
  letters: ['A b!', 'cd', 'Cups, on a very long table'],
};

const cases = new Map<string, Promise<Case>>();

type Kind = 'usual' | 'large' | 'short';

/**
 * A model with inputs that a mistake shows on: pictures and texts; pixels of another size for resized position tables;
 * without the text that fills every position where padding is cut.
 */
export function caseOf(name: ModelName, m?: Mistake): Promise<Case> {
  const kind = m?.interpolated ? 'large' : m?.name === 'padding-longest' ? 'short' : 'usual';
  const key = `${name} ${kind}`;
  if (!cases.has(key)) cases.set(key, load(name, kind));
  return cases.get(key)!;
}

async function load(name: ModelName, kind: Kind): Promise<Case> {
  const subject = await subjectNamed(name);
  const texts = subject.text && (name === 'embedded' ? TEXTS.words : TEXTS.letters);
  const pictures = await picturesFor(name);
  const inputs = {
    ...(kind === 'large' ? { pixel_values: await largePixels(subject, pictures) } : { pictures }),
    ...(texts && { texts: kind === 'short' ? texts.slice(0, 2) : texts }),
  };
  const ours = referenceOf(subject, inputs);
  return { ours, diagnose: (dump) => judged(ours, dump) };
}

async function largePixels(subject: Subject, pictures: RawImage[]): Promise<Numbers> {
  const { image_size, patch_size } = subject.vision!;
  const size = { height: image_size + 2 * patch_size, width: image_size - patch_size };
  const other = { ...subject, processor: null, pixels: { ...subject.pixels, ...size } };
  const run = referenceOf(other, { pictures }).tower('vision', {
    mistakes: [],
    until: 'pixel_values',
  });
  return (await run).get('pixel_values')!;
}

async function subjectNamed(name: ModelName): Promise<Subject> {
  if (name === 'embedded') return subjectOf(mapFiles(await defaultModel(), 'the embedded model'));
  const subject = await subjectOf(await modelFiles(join(fixtures, 'model', name)));
  const files = mapFiles(new Map([['spiece.model', letters]]), 'letters');
  return { ...subject, tokenizer: subject.text && (await SiglipTokenizer.fromPretrained(files)) };
}

/** Neither square nor of a size that a resize leaves alone. */
async function picturesFor(name: ModelName): Promise<RawImage[]> {
  const picture = await loadImage(readFileSync(join(fixtures, 'images/coffee-progressive.jpg')));
  if (name === 'embedded') return [cropped(picture, 300, 120)];
  const corner = cropped(picture, 200, 150);
  return [cropped(picture, 110, 70), cropped(corner, 60, 100)];
}

/** What an implementation with these mistakes gives, in float32 as most do. */
export async function planted(
  { ours }: Case,
  mistakes: readonly Mistake[],
  dtype: 'float32' | 'float64' = 'float32',
): Promise<Map<string, Numbers>> {
  const all = new Map<string, Numbers>();
  const pooled: Numbers[] = [];
  for (const tower of ['vision', 'text'] as const) {
    if (!ours.subject[tower]) continue;
    const own = mistakes.filter((m) => m.towers.includes(tower));
    const run = await ours.tower(tower, { mistakes: own, dtype });
    for (const [key, x] of run) all.set(key, x);
    const x = run.get(`${tower}_model.head`);
    if (x) pooled.push(x);
  }
  if (ours.subject.labels === null)
    for (const [key, x] of await ours.outputs(pooled[0]!, pooled[1]!, mistakes)) all.set(key, x);
  return all;
}

/** What of it a dump has. */
export const VIEWS = {
  taps: () => true,
  embeddings: (key: string) => key.endsWith('_embeds'),
  logits: (key: string) => key === 'logits_per_image' || key === 'logits',
};
export type View = keyof typeof VIEWS;

/** The dump that shows so much of it; null if nothing. */
export function dumpOf(all: ReadonlyMap<string, Numbers>, view: View): Taps | null {
  const taps = new Map<string, DumpTensor>();
  for (const [key, { shape, data }] of all)
    if (VIEWS[view](key)) taps.set(key, { shape, dtype: 'float32', data: new Float32Array(data) });
  return taps.size > 0 ? { taps } : null;
}
