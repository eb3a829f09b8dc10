// Mistakes made in the real Python (fixtures/make/diagnose.py): nothing of the catalogue's own code had part in them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RawImage } from '@siglip-ts/image';
import { bytesSource, openSafetensors } from '@siglip-ts/safetensors';
import { modelFiles } from 'siglip-ts';
import { diagnosis } from '../../packages/parity/src/diagnose/diagnose.ts';
import {
  type Inputs,
  type Subject,
  subjectOf,
} from '../../packages/parity/src/diagnose/reference/subject.ts';
import type { Taps } from '../../packages/parity/src/dump.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const file = await openSafetensors(
  bytesSource(readFileSync(join(fixtures, 'parity/diagnose.safetensors'))),
);
const names = [...new Set([...file.tensors.keys()].map((key) => key.split('/')[0]!))];
const mistakes = names.filter((name) => !name.startsWith('inputs'));

let subject: Subject;
beforeAll(async () => {
  subject = await subjectOf(await modelFiles(join(fixtures, 'model/plain')));
});

async function read(key: string) {
  const { shape, data } = await file.read(key);
  return { shape, data: Float64Array.from(data as Iterable<number>) };
}

async function inputs(name: string): Promise<Inputs> {
  if (name.startsWith('pixels:')) {
    const { shape, data } = await file.read('inputs-picture/bytes');
    const picture: RawImage = {
      mode: 'RGB',
      height: shape[0]!,
      width: shape[1]!,
      data: data as Uint8Array,
    };
    return { pictures: [picture] };
  }
  const large = name.startsWith('positions-') ? '-large' : '';
  const ids = await read('inputs/input_ids');
  return {
    pixel_values: await read(`inputs${large}/pixel_values`),
    input_ids: { shape: ids.shape, data: Int32Array.from(ids.data) },
  };
}

async function dump(name: string, wanted: (key: string) => boolean): Promise<Taps> {
  const taps = new Map<string, { shape: readonly number[]; dtype: string; data: Float64Array }>();
  for (const key of file.tensors.keys()) {
    const [first, ...rest] = key.split('/');
    if (first === name && wanted(rest.join('/')))
      taps.set(rest.join('/'), { ...(await read(key)), dtype: 'float32' });
  }
  return { taps };
}

type Diagnosis = ReturnType<typeof diagnosis>;
const known = new Map<string, Promise<Diagnosis>>();

/** One for all dumps of the same inputs. */
function diagnosisOf(name: string): Promise<Diagnosis> {
  const kind = /^(pixels:|positions-)?/.exec(name)![0];
  const s = kind === 'pixels:' ? { ...subject, pixels: SIZE } : subject;
  if (!known.has(kind))
    known.set(
      kind,
      inputs(name).then((given) => diagnosis(s, given)),
    );
  return known.get(kind)!;
}

const run = async (name: string, wanted: (key: string) => boolean) =>
  (await diagnosisOf(name))(await dump(name, wanted));
const SIZE = { height: 64, width: 64, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/** What four logits cannot tell: rounding to float16 looks like nothing known once it went through the towers. */
const NOT_FROM_LOGITS: Readonly<Record<string, string>> = { float16: 'unknown' };

describe('from every module', () => {
  test.each(mistakes)('%s', async (name) => {
    const ranking = await run(name, () => true);
    expect(ranking[0]!.mistake, JSON.stringify(ranking.slice(0, 3))).toBe(
      name.replace('pixels:', ''),
    );
  });
});

describe('from logits alone', () => {
  const whole = mistakes.filter((name) => !name.startsWith('pixels:'));
  test.each(whole)('%s', async (name) => {
    const ranking = await run(name, (key) => key === 'logits_per_image');
    const best = ranking.filter((v) => v.explains >= ranking[0]!.explains - 1e-6);
    expect(
      best.map((v) => v.mistake),
      JSON.stringify(ranking.slice(0, 3)),
    ).toContain(NOT_FROM_LOGITS[name] ?? name);
  });
});
