// The file of kernels that the package ships beside its sources: the same bytes, and few of them.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { kernels, wasm } from '@siglip-ts/backend-wasm';
import { Tensor } from '@siglip-ts/core';
import { storedKernels } from '../../packages/backend-wasm/src/engine/variants.ts';

const path = createRequire(import.meta.url).resolve('@siglip-ts/backend-wasm/kernels.wasm');
const file = new Uint8Array(readFileSync(path));

test('kernels.wasm is what the sources make; `npm run build:kernels` writes it', () =>
  expect(Buffer.compare(file, kernels()), 'wasm/kernels.wasm is not up to date').toBe(0));

test.each([
  {},
  { shared: true },
  { relaxed: true },
  { shared: true, relaxed: true },
  { scalar: true },
  { shared: true, scalar: true },
])('%o: the stored bytes give what the sources make', (variant) =>
  expect(Buffer.compare(storedKernels(variant), kernels(variant))).toBe(0),
);

test.each([
  { shared: false, relaxed: false },
  { shared: false, relaxed: true },
  { shared: true, relaxed: false },
  { shared: true, relaxed: true },
])('%o: at most 26,000 bytes, the same every time', (variant) => {
  const bytes = kernels(variant);
  expect(bytes.length).toBeLessThanOrEqual(26_000);
  expect(kernels(variant)).toEqual(bytes);
});

test('the file computes, passed as a module', async () => {
  const engine = await wasm({ module: await WebAssembly.compile(file) });
  const x = Tensor.from(engine, Float32Array.of(4, 9, 16), [3], 'float32');
  const y = { ...x, handle: engine.unary('sqrt', x) };
  expect(await engine.read(y)).toEqual(Float32Array.of(2, 3, 4));
  engine.dispose();
});

test('kernels of another version are refused, before they write where they must not', async () => {
  const name = Buffer.from(file).lastIndexOf('layout');
  const old = file.slice();
  old[old.length - 1]! ^= 1; // the last digit of the room that products need
  const without = file.subarray(0, name - 3); // up to the section's kind, size and length of its name
  for (const bytes of [old, without])
    await expect(wasm({ module: await WebAssembly.compile(bytes) })).rejects.toThrow(
      'wasm: these kernels belong to another version of this package',
    );
});
