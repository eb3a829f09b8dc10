// What the engine holds, and lets go of: memory, copies on the host, workers. Their numbers are tested elsewhere.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, expect, type Mock, test, vi } from 'vitest';
import { wasm } from '@siglip-ts/backend-wasm';
import { attention, layerNorm, linear, scoped, softmax, Tensor } from '@siglip-ts/core';
import { Heap } from '../../packages/backend-wasm/src/engine/heap.ts';
import type { Block } from '../../packages/backend-wasm/src/engine/memory.ts';

afterEach(() => vi.restoreAllMocks());

const wave = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(12.9898 * i));

/** The blocks that are taken and not released, from now on. */
function counted(): Set<number> {
  const live = new Set<number>();
  const { take, release } = Heap.prototype;
  vi.spyOn(Heap.prototype, 'take').mockImplementation(function (this: Heap, bytes) {
    const at = take.call(this, bytes);
    live.add(at);
    return at;
  });
  vi.spyOn(Heap.prototype, 'release').mockImplementation(function (this: Heap, at) {
    live.delete(at);
    release.call(this, at);
  });
  return live;
}

test.each(['float32', 'float16', 'int8', 'w8a8'] as const)(
  '%s: all memory is free again after release and free, and weights are not kept twice',
  async (weights) => {
    const live = counted();
    const b = await wasm({ weights });
    const before = [...live];
    const [B, T, D] = [2, 5, 16];
    const [w, own] = [wave(D * D), wave(D)];
    const constants = [
      Tensor.constant(b, w.slice(), [D, D]),
      Tensor.constant(b, own.slice(), [D]),
      Tensor.constant(b, w.slice(), [D, D]),
    ] as const;
    const [weight, bias, other] = constants;
    for (let round = 0; round < 3; round++)
      await scoped(b, async () => {
        const x = Tensor.from(b, wave(B * T * D), [B, T, D]);
        const y = linear(layerNorm(x, bias, bias, 1e-6), weight, bias);
        const mask = Tensor.from(b, [1, 1, 1, 0, 0, 1, 1, 1, 1, 1], [B, T]);
        const z = attention(y, y, y, { heads: 2, scale: 0.3, keys: mask });
        const turned = z.permute(0, 2, 1).matmul(z);
        await softmax(turned.matmul(other)).data();
        linear(x, y.reshape([B * T, D]), null); // a weight that is no constant: panels for one product
      });
    for (const x of [weight, bias]) expect((x.handle as Block).host).toBeNull();
    for (const x of constants) b.free(x);
    expect([...live]).toEqual(before);
    b.dispose();
  },
);

test('memory reaches to 4 GiB, and says what does not fit before it takes any', () => {
  const heap = new Heap(new WebAssembly.Memory({ initial: 1, maximum: 65536 }));
  const GiB = 2 ** 30;
  const blocks = [heap.take(GiB), heap.take(GiB), heap.take(GiB)]; // never touched, so no machine's memory
  expect(new Set(blocks).size).toBe(3);
  const size = heap.memory.buffer.byteLength;
  expect(() => heap.take(1.1 * GiB)).toThrow(
    /^wasm: 112\d MiB more do not fit, 307\d MiB of the 4 GiB/,
  );
  expect(heap.memory.buffer.byteLength).toBe(size);
  for (const at of blocks) heap.release(at);
  expect(heap.take(2.9 * GiB)).toBeLessThan(GiB);
});

test('sleeping workers are woken: they do what this thread comes late for', async () => {
  const b = await wasm({ threads: 2 });
  const [n, k] = [64, 64];
  const weight = Tensor.constant(b, wave(n * k), [n, k]);
  const x = Tensor.from(b, wave(256 * k), [256, k]);
  const expected = await linear(x, weight, null).data();
  await new Promise((resolve) => setTimeout(resolve, 200)); // they fall asleep
  const add = Atomics.add.bind(Atomics);
  let calls = 0;
  (vi.spyOn(Atomics, 'add') as Mock).mockImplementation(
    (array: never, index: number, value: never) => {
      // The first announces the job, the second asks for a block: by then the worker has had seconds.
      if (++calls === 2) for (const end = performance.now() + 3000; performance.now() < end;);
      return add(array, index, value);
    },
  );
  const found = await linear(x, weight, null).data();
  expect(calls).toBe(2); // and no third, which would say that a block is done here
  expect([...found]).toEqual([...expected]);
  b.dispose();
});

test('a script ends though its two threads were never stopped', () => {
  const folder = mkdtempSync(join(tmpdir(), 'siglip-threads-'));
  try {
    buildSync({
      entryPoints: [join(import.meta.dirname, '../../packages/backend-wasm/src/index.ts')],
      outfile: join(folder, 'engine.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      conditions: ['siglip:source'],
    });
    const script = join(folder, 'script.mjs');
    writeFileSync(
      script,
      "import { wasm } from './engine.mjs'; const b = await wasm({ threads: 2 }); console.log(b.name);",
    );
    const { stdout, signal } = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 30_000 }); // prettier-ignore
    expect([stdout.trim(), signal]).toEqual(['wasm', null]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
