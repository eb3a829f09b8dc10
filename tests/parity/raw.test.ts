// llama.cpp's raw .bin files: no shapes, so that the reference gives them, and a wrong count is said.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDump, writeDump } from '@siglip-ts/parity';
import { model, scratch, siglip } from '../cli/harness.ts';

const { path } = scratch();
const given = ['--model', model('plain'), '--backend', 'cpu'];
const inputs = path('inputs');
{
  const { taps, ...about } = await readDump(join(model('plain'), 'inputs.safetensors'));
  const used = [...taps].filter(([key]) => key === 'input_ids' || key === 'pixel_values');
  await writeDump(inputs, { ...about, taps: new Map(used) });
}
const raw = path('raw');
const dump = ['parity', 'dump', ...given, '--inputs', inputs, '--format', 'bin'];
expect((await siglip([...dump, '--out', raw])).code).toBe(0);

test('as C writes an array: float32, or int32 for ids, little-endian, no header', async () => {
  const { taps } = await readDump(inputs);
  const pixels = readFileSync(join(raw, 'pixel_values.bin'));
  const first = [...taps.get('pixel_values')!.data.subarray(0, 5)];
  expect(pixels.length).toBe(3 * 3 * 32 * 32 * 4);
  expect(first.map((_, i) => pixels.readFloatLE(4 * i))).toEqual(first);
  const ids = readFileSync(join(raw, 'input_ids.bin'));
  expect(ids.readInt32LE(4)).toBe(taps.get('input_ids')!.data[1]);
});

test('the reference gives the shapes', async () => {
  const argv = ['parity', 'diff', raw, ...given, '--inputs', inputs, '--format', 'json'];
  const { code, stdout, stderr } = await siglip(argv);
  expect([code, stderr]).toEqual([0, '']);
  const found = JSON.parse(stdout) as { rows: { total: { max_abs: number; shape: number[] } }[] };
  expect(found.rows.length).toBeGreaterThan(80);
  expect(found.rows.every(({ total }) => total.max_abs === 0)).toBe(true);
  expect(found.rows[0]!.total.shape).toEqual([3, 24, 4, 4]);
});

test('a wrong count is said', async () => {
  const at = path('short');
  mkdirSync(at);
  writeFileSync(join(at, 'vision_model.head.bin'), new Uint8Array(4 * 7));
  const argv = ['parity', 'diff', at, ...given, '--inputs', inputs];
  const { code, stdout } = await siglip(argv);
  expect(code).toBe(1);
  expect(stdout).toContain('7 numbers, expected [3, 24], which has 72');
});

test('half a number is refused', async () => {
  const at = path('half');
  mkdirSync(at);
  writeFileSync(join(at, 'vision_model.head.bin'), new Uint8Array(6));
  const { code, stderr } = await siglip(['parity', 'diff', at, ...given, '--inputs', inputs]);
  expect([code, stderr]).toEqual([
    2,
    `siglip: ${at}/vision_model.head.bin: 6 bytes, expected float32 or int32, 4 bytes each\n`,
  ]);
});

test('inputs without shapes are not taken for inputs', async () => {
  const { code, stderr } = await siglip(['parity', 'diff', raw, ...given]);
  expect([code, stderr]).toEqual([
    2,
    `siglip: ${raw}: input_ids has no shape; name a file with --inputs\n`,
  ]);
});
