// ViT-B/16 size beside torch, on each backend: a checkpoint of 203 million weights is computed, written and loaded.
// Slow (a minute or two, 3 GB of memory), so not part of `npm test`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesSource, openSafetensors, serialize, type StoredTensor } from '@siglip-ts/safetensors';
import { SiglipConfig, SiglipModel, type HostTensor } from 'siglip-ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rms } from '../model/golden.ts';
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

test.each(['cpu', 'wasm'] as const)(
  '%s: no further from torch’s float64 than torch’s float32',
  async (backend) => {
    const file = await openSafetensors(
      bytesSource(readFileSync(join(import.meta.dirname, '../../fixtures/base-size.safetensors'))),
    );
    const golden = async (name: string) =>
      Float64Array.from((await file.read(name)).data as Float64Array);
    const model = await SiglipModel.fromPretrained(folder, { backend });
    const pixels = numbers('pixel_values', [1, 3, 224, 224]).map((x) => x * 4);
    const ids = await file.read('input_ids');
    const y = await model({
      pixel_values: { data: pixels, shape: [1, 3, 224, 224] },
      input_ids: ids as never,
    });
    const every = async (x: HostTensor, step: number, count: number) => {
      const values = await x.data();
      return Array.from({ length: count }, (_, i) => [
        ...values.subarray(i * step * 768, (i * step + 1) * 768),
      ]).flat();
    };
    const found: Record<string, ArrayLike<number>> = {
      logits_per_image: await y.logits_per_image.data(),
      image_embeds: await y.image_embeds.data(),
      text_embeds: await y.text_embeds.data(),
      vision_last: await every(y.vision_model_output.last_hidden_state, 49, 4),
      text_last: await every(y.text_model_output.last_hidden_state, 21, 4),
    };
    await model.dispose();
    const errors: { name: string; ours: number; torch: number }[] = [];
    for (const [name, values] of Object.entries(found)) {
      const exact = await golden(`float64.${name}`);
      errors.push({
        name,
        ours: rms(values, exact),
        torch: rms(await golden(`float32.${name}`), exact),
      });
    }
    console.table(errors);
    for (const { name, ours, torch } of errors)
      if (name !== 'logits_per_image') expect(ours, name).toBeLessThanOrEqual(torch);
    const total = (key: 'ours' | 'torch') => errors.reduce((sum, e) => sum + e[key], 0);
    expect(total('ours')).toBeLessThanOrEqual(total('torch'));
  },
  600_000,
);
