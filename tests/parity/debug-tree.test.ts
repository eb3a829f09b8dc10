// What transformers' model_addition_debugger_context writes is read under HF's module paths, and our model agrees with it.
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { readDump } from '@siglip-ts/parity';
import { serialize } from '@siglip-ts/safetensors';
import { model, scratch, siglip } from '../cli/harness.ts';

const { path } = scratch();
const folder = path('debugger');
mkdirSync(folder);
const zip = readFileSync(join(import.meta.dirname, '../../fixtures/parity/debugger.zip'));
for (const [name, bytes] of Object.entries(unzipSync(zip)))
  writeFileSync(join(folder, name), bytes);

test('the real one', async () => {
  const { taps, producer, dtype } = await readDump(folder);
  expect([producer, dtype]).toEqual(["SiglipModel in transformers' debugger", 'float32']);
  expect([...taps.keys()].slice(0, 4)).toEqual([
    'input_ids',
    'pixel_values',
    'vision_model.embeddings.patch_embedding',
    'vision_model.embeddings.position_embedding',
  ]);
  expect(taps.get('vision_model.encoder.layers.1.mlp.fc2')!.shape).toEqual([1, 16, 24]);
  expect(taps.has('vision_model.encoder.layers.1')).toBe(false); // it has children
});

test('diff finds nothing wrong with it', async () => {
  const argv = ['parity', 'diff', folder, '--model', model('plain'), '--format', 'json'];
  const { code, stdout, stderr } = await siglip(argv);
  expect([code, stderr]).toEqual([0, '']);
  const found = JSON.parse(stdout) as { rows: { added: object | null }[]; unknown: string[] };
  expect(found.unknown).toEqual([]);
  const written = Object.keys(unzipSync(zip)).filter((name) =>
    name.endsWith('_outputs.safetensors'),
  );
  expect(found.rows.length).toBe(written.length);
  expect(found.rows.every(({ added }) => added)).toBe(true);
});

test('and it finds a planted error', async () => {
  const wrong = path('wrong');
  mkdirSync(wrong);
  for (const [name, bytes] of Object.entries(unzipSync(zip)))
    writeFileSync(join(wrong, name), bytes);
  const at = 'text_model.encoder.layers.1.mlp.fc1';
  const { shape, data } = (await readDump(folder)).taps.get(at)!;
  const scaled = { dtype: 'F32' as const, shape, data: Float32Array.from(data, (x) => x * 1.01) };
  writeFileSync(
    join(wrong, `SiglipModel.${at}_outputs.safetensors`),
    serialize(new Map([['data', scaled]])),
  );
  const argv = ['parity', 'diff', wrong, '--model', model('plain'), '--format', 'json'];
  const { code, stdout } = await siglip(argv);
  expect([code, (JSON.parse(stdout) as { first: string }).first]).toEqual([1, at]);
});

/** A tree of one module, with one tensor of two numbers beside it. */
function tree(leaf: object, name = 'M_debug_tree_FULL_TENSORS.json'): string {
  const at = mkdtempSync(path('tree-'));
  const outputs = {
    shape: 'torch.Size([2])',
    dtype: 'torch.float32',
    value: './x.safetensors',
    ...leaf,
  };
  const child = { module_path: 'M.a', outputs };
  writeFileSync(join(at, name), JSON.stringify({ module_path: 'M', children: [child] }));
  const data = Float32Array.of(1, 2);
  writeFileSync(
    join(at, 'x.safetensors'),
    serialize(new Map([['data', { dtype: 'F32', shape: [2], data }]])),
  );
  return at;
}

test('a small one', async () => {
  expect((await readDump(tree({}))).taps).toEqual(
    new Map([['a', { shape: [2], dtype: 'float32', data: Float32Array.of(1, 2) }]]),
  );
});

test.each([
  [
    { value: '../x.safetensors' },
    '"../x.safetensors", expected "./" and the name of a .safetensors',
  ],
  [{ value: './../x.safetensors' }, 'expected "./" and the name of a .safetensors file'],
  [{ value: '/etc/passwd' }, 'expected "./" and the name of a .safetensors file'],
  [{ value: './gone.safetensors' }, 'gone.safetensors'],
  [{ value: ['tensor([1., 2.])'] }, 'tensors as text, expected a tree made with use_repr=False'],
  [{ shape: 'torch.Size([3])' }, 'shape [2], '],
  [{ value: 7 }, '7, expected "./" and the name of a .safetensors file'],
])('one that says %j is refused', async (leaf, message) => {
  const at = tree(leaf);
  await expect(readDump(at)).rejects.toThrow(message);
  const { code, stdout, stderr } = await siglip(['parity', 'diff', at]);
  expect([code, stdout, stderr.trimEnd().split('\n').length]).toEqual([2, '', 1]);
});

test('no tree that is a pipe, a loop of links or too deep', async () => {
  const loop = path('loop');
  symlinkSync(loop, loop);
  await expect(readDump(loop)).rejects.toThrow('loop');
  const device = mkdtempSync(path('device-'));
  symlinkSync('/dev/zero', join(device, 'M_debug_tree_FULL_TENSORS.json'));
  await expect(readDump(device)).rejects.toThrow('not a regular file, expected one');
  const deep = mkdtempSync(path('deep-'));
  const depth = 100_000;
  writeFileSync(
    join(deep, 'M_debug_tree_FULL_TENSORS.json'),
    '{"children":['.repeat(depth) + ']}'.repeat(depth),
  );
  await expect(readDump(deep)).rejects.toThrow('no tensors, expected a dump');
});
