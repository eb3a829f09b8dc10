// ViT-B/16 size beside torch, on each backend: a checkpoint of 203 million weights is computed, written and loaded.
// Slow (a minute or two, 3 GB of memory), so not part of `npm test`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytesSource, openSafetensors, serialize, type StoredTensor } from '@siglip-ts/safetensors';
import { SiglipConfig } from 'siglip-ts';
import { siglip } from '../../cli/harness.ts';
import { rms } from '../modeling/golden.ts';
import { parameterShapes } from './parameters.ts';

/** The rule of fixtures/make/base_size.py. */
function numbers(key: string, shape: readonly number[]): Float32Array {
  let seed = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) seed = Math.imul(seed ^ key.charCodeAt(i), 0x01000193);
  const n = shape.reduce((a, b) => a * b, 1);
  const scale = scaleOf(key, shape);
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    let x = i ^ seed;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    x ^= x >>> 16;
    out[i] = ((x >>> 8) / 2 ** 23 - 1) * scale;
  }
  return out;
}

function scaleOf(key: string, shape: readonly number[]): number {
  if (shape.length < 2 || key.includes('probe')) return 0.25;
  const table = key.includes('embedding.weight') && shape.length === 2;
  const fanIn = table ? shape.at(-1)! : shape.slice(1).reduce((a, b) => a * b, 1);
  return 2 ** Math.round(Math.log2(fanIn ** -0.5));
}

function weights(key: string, shape: readonly number[]): Float32Array {
  const x = numbers(key, shape);
  return key.includes('norm') && key.endsWith('weight') ? x.map((v) => v + 1) : x;
}

const folder = mkdtempSync(join(tmpdir(), 'siglip-base-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  const tensors = new Map<string, StoredTensor>();
  for (const [key, shape] of await parameterShapes(new SiglipConfig()))
    tensors.set(key, {
      dtype: 'F32',
      shape,
      data: weights(key, shape) as Float32Array<ArrayBuffer>,
    });
  writeFileSync(join(folder, 'config.json'), new SiglipConfig().to_json_string());
  writeFileSync(join(folder, 'model.safetensors'), serialize(tensors));
}, 300_000);

const read = async (path: string) => openSafetensors(bytesSource(readFileSync(path)));
const fixture = join(import.meta.dirname, '../../../fixtures/base-size.safetensors');

test.each(['cpu', 'wasm'])(
  'siglip dump on %s: no further from torch’s float64 than torch’s float32',
  async (backend) => {
    const file = await read(fixture);
    const pixels = numbers('pixel_values', [1, 3, 224, 224]).map((x) => x * 4);
    const inputs = new Map<string, StoredTensor>([
      [
        'pixel_values',
        { dtype: 'F32', shape: [1, 3, 224, 224], data: pixels as Float32Array<ArrayBuffer> },
      ],
      ['input_ids', await file.read('input_ids')],
    ]);
    const [IN, OUT] = [join(folder, 'in.safetensors'), join(folder, `${backend}.safetensors`)];
    writeFileSync(IN, serialize(inputs));
    const words = ['--model', folder, '--inputs', IN, '--out', OUT, '--backend', backend];
    expect(await siglip(['dump', ...words])).toMatchObject({ code: 0, stderr: '' });

    const out = await read(OUT);
    const values = async (key: string) => (await out.read(key)).data as Float32Array;
    /** The golden holds some rows of the last hidden states only. */
    const rows = async (key: string, step: number) => {
      const all = await values(key);
      const starts = [0, 1, 2, 3].map((i) => i * step * 768);
      return starts.flatMap((at) => [...all.subarray(at, at + 768)]);
    };
    const found: Record<string, ArrayLike<number>> = {
      logits_per_image: await values('logits_per_image'),
      image_embeds: await values('image_embeds'),
      text_embeds: await values('text_embeds'),
      vision_last: await rows('vision_model_output.last_hidden_state', 49),
      text_last: await rows('text_model_output.last_hidden_state', 21),
    };
    const golden = async (name: string) =>
      Float64Array.from((await file.read(name)).data as Float64Array);
    const errors: { name: string; ours: number; torch: number }[] = [];
    for (const [name, x] of Object.entries(found)) {
      const exact = await golden(`float64.${name}`);
      const torch = rms(await golden(`float32.${name}`), exact);
      errors.push({ name, ours: rms(x, exact), torch });
    }
    console.table(errors);
    for (const { name, ours, torch } of errors) expect(ours, name).toBeLessThanOrEqual(torch);
  },
  600_000,
);
