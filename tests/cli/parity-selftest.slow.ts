// siglip parity selftest: every backend passes, and numbers that are wrong by a little more than rounding do not.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { selftest, type SelftestGolden, selftestGolden, type SelftestRow } from '@siglip-ts/parity';
import { json, siglip } from './harness.ts';

vi.mock('@siglip-ts/parity', async (original) => {
  const module = await original<typeof import('@siglip-ts/parity')>();
  return { ...module, selftestGolden: vi.fn(module.selftestGolden) };
});

const packages = join(import.meta.dirname, '../../packages');
const BACKENDS = ['cpu float64', 'cpu float32', 'wasm float32', 'wasm without SIMD float32'];
const namesOf = (rows: readonly SelftestRow[]) => rows.map((r) => `${r.backend} ${r.dtype}`);
const failed = (rows: readonly SelftestRow[]) => namesOf(rows.filter((row) => !row.passed));

/** The golden with one number of one output changed. */
async function changed(output: string, by: (x: number) => number): Promise<SelftestGolden> {
  const golden = structuredClone(await selftestGolden());
  const data = golden.outputs[output]!.data as number[];
  data[0] = by(data[0]!);
  return golden;
}

describe('the command', () => {
  test('every backend passes', async () => {
    type Found = { producer: string; passed: boolean; rows: SelftestRow[] };
    const found = await json<Found>(['parity', 'selftest']);
    expect(found.producer).toMatch(/^transformers 4\.49\.0/);
    expect(found.passed).toBe(true);
    expect(namesOf(found.rows)).toEqual(BACKENDS);
    expect(found.rows.map(({ tolerance }) => tolerance)).toEqual([1e-12, 2e-5, 2e-5, 2e-5]);
    for (const { error, tolerance } of found.rows) expect(error).toBeLessThan(tolerance);
    expect(found.rows[2]!.error).toBe(found.rows[3]!.error); // SIMD or not, the bits are the same
    expect(found.rows[1]!.error).toBeGreaterThan(1e-12); // float32 is not float64 by another name
  });

  test('a wrong number is exit 1, and the table says where', async () => {
    const golden = await changed('logits_per_image', (x) => x * (1 + 1e-8));
    vi.mocked(selftestGolden).mockResolvedValueOnce(golden);
    const { code, stdout, stderr } = await siglip(['parity', 'selftest']);
    expect([code, stderr]).toEqual([1, '']);
    const marks = stdout.split('\n').slice(2, 6);
    expect(marks.map((line) => line.at(-1))).toEqual(['✗', '✓', '✓', '✓']);
    expect(marks[0]).toMatch(/^ {2}cpu +float64/);
  });

  test('an unknown option is exit 2 and one line', async () => {
    const { code, stderr } = await siglip(['parity', 'selftest', '--fast']);
    expect(code).toBe(2);
    expect(stderr).toBe("siglip: unknown option '--fast'\n");
  });
});

describe('what it notices', () => {
  const outputs = [
    'logits_per_image',
    'text_embeds',
    'image_embeds',
    'text_model_output.pooler_output',
    'vision_model_output.pooler_output',
  ];
  test.each(outputs)('a change of %s', async (output) => {
    const rows = await selftest(await changed(output, (x) => x + Math.max(1, Math.abs(x)) * 0.01));
    expect(failed(rows)).toEqual(BACKENDS);
    expect(rows.map((row) => row.output)).toEqual(BACKENDS.map(() => output));
  });

  test('no number, and another shape', async () => {
    expect(failed(await selftest(await changed('text_embeds', () => NaN)))).toEqual(BACKENDS);
    const golden = structuredClone(await selftestGolden());
    (golden.outputs.text_embeds!.shape as number[]).reverse();
    expect(failed(await selftest(golden))).toEqual(BACKENDS);
  });

  test('an output that is not there is a failure with its reason', async () => {
    const rows = await selftest({ ...(await selftestGolden()), outputs: { 'a.b': { shape: [], data: [] } } }); // prettier-ignore
    expect(failed(rows)).toEqual(BACKENDS);
    for (const row of rows) expect(row).toMatchObject({ error: null, output: '' });
  });

  test('the golden was made of the model that is shipped', () => {
    const bytes = readFileSync(join(packages, 'tiny-model/model/model.safetensors'));
    const golden = JSON.parse(readFileSync(join(packages, 'parity/golden/selftest.json'), 'utf8'));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(golden.model_sha256);
  });
});
