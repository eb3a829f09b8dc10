// Runs the embedded model on every backend that is here and compares with numbers of transformers in float64, which are
// part of this package. The first thing to run on a new machine; not a measure of speed.
import { readFile } from 'node:fs/promises';
import { type Backend, defaultModel, HostTensor, mapFiles, SiglipModel } from 'siglip-ts';
import { cpu } from 'siglip-ts/cpu';
import { wasm } from 'siglip-ts/wasm';

/** Made by fixtures/make/selftest.py. */
export interface SelftestGolden {
  producer: string;
  images: number;
  texts: number;
  outputs: Readonly<Record<string, { shape: readonly number[]; data: readonly number[] }>>;
}

export interface SelftestRow {
  backend: string;
  dtype: 'float64' | 'float32';
  /** The output with the largest error; empty if it did not run. */
  output: string;
  /** The largest difference in any output, relative to that output's largest magnitude; null if it did not run. */
  error: number | null;
  tolerance: number;
  passed: boolean;
  /** Why it did not run. A backend that cannot run here is a failure too. */
  reason?: string;
}

const TOLERANCES = { float64: 1e-12, float32: 2e-5 } as const;

type Contender = [
  name: string,
  dtype: SelftestRow['dtype'],
  make: () => Backend | Promise<Backend>,
];
const CONTENDERS: readonly Contender[] = [
  ['cpu', 'float64', () => cpu()],
  ['cpu', 'float32', () => cpu()],
  ['wasm', 'float32', () => wasm()],
  ['wasm without SIMD', 'float32', () => wasm({ simd: false })],
];

export const selftestGolden = async (): Promise<SelftestGolden> =>
  JSON.parse(
    await readFile(new URL('../golden/selftest.json', import.meta.url), 'utf8'),
  ) as SelftestGolden;

/** One row for each backend and dtype. `wasm` is left out where there is no WebAssembly. */
export async function selftest(
  golden: SelftestGolden,
  run: { signal?: AbortSignal; breathe?: () => Promise<void> } = {},
): Promise<SelftestRow[]> {
  const files = mapFiles(await defaultModel(), 'the embedded model');
  const rows: SelftestRow[] = [];
  for (const [backend, dtype, make] of CONTENDERS) {
    if (backend !== 'cpu' && typeof WebAssembly === 'undefined') continue;
    const row = { backend, dtype, tolerance: TOLERANCES[dtype] };
    try {
      const b = await make();
      try {
        await using model = await SiglipModel.fromPretrained(files, { backend: b, dtype });
        const worst = await compare(model, golden, run);
        rows.push({ ...row, ...worst, passed: worst.error <= row.tolerance });
      } finally {
        b.dispose();
      }
    } catch (error) {
      if (run.signal?.aborted) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      rows.push({ ...row, output: '', error: null, passed: false, reason });
    }
  }
  return rows;
}

/** The inputs by the golden's formula: exact integers, then one division and one rounding. */
function inputsOf({ config }: SiglipModel, { images, texts }: SelftestGolden) {
  const { num_channels: c, image_size: size } = config.vision_config;
  const { max_position_embeddings: length, vocab_size } = config.text_config;
  const formula = (i: number) => i * i * 7 + 3 * i;
  return {
    pixel_values: {
      shape: [images, c, size, size],
      data: Float32Array.from(
        { length: images * c * size * size },
        (_, i) => (formula(i) % 255) / 127.5 - 1,
      ),
    },
    input_ids: {
      shape: [texts, length],
      data: Int32Array.from({ length: texts * length }, (_, i) => formula(i) % vocab_size),
    },
  };
}

async function compare(model: SiglipModel, golden: SelftestGolden, run: object) {
  const found = await model({ ...inputsOf(model, golden), ...run });
  let worst = { output: '', error: -1 };
  for (const [output, expected] of Object.entries(golden.outputs)) {
    const error = await errorOf(at(found, output), expected);
    if (!(error <= worst.error)) worst = { output, error };
  }
  return worst;
}

/** The output under a path of HF's field names. */
function at(outputs: object, path: string): HostTensor {
  let value: unknown = outputs;
  for (const key of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[key];
  if (!(value instanceof HostTensor)) throw new TypeError(`${path}: not among the outputs`);
  return value;
}

/** Infinity where shapes differ or something is no number: an error that no tolerance lets pass. */
async function errorOf(x: HostTensor, expected: SelftestGolden['outputs'][string]) {
  const data = await x.data();
  if (x.shape.join() !== expected.shape.join()) return Infinity;
  let [most, size] = [0, 0];
  for (const [i, y] of expected.data.entries()) {
    const difference = Math.abs(data[i]! - y);
    if (Number.isNaN(difference)) return Infinity;
    most = Math.max(most, difference);
    size = Math.max(size, Math.abs(y));
  }
  return most / size;
}
