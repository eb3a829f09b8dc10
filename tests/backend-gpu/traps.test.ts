// What goes wrong with GPU.js and GPUs, each trap as a test: on GPU.js itself, where it is the reason for something here,
// and on backend-gpu, which must not fall in.
import { GPU } from 'gpu.js';
import { describe, expect, test } from 'vitest';
import { gpu, type GpuConstructor } from '@siglip-ts/backend-gpu';
import { Tensor } from '@siglip-ts/core';
import { Counted } from './counted.ts';

type Settings = Parameters<InstanceType<GpuConstructor>['createKernel']>[1];

/** GPU.js with something done to every source before it is compiled, and a look at every call. */
const spied = (change: (source: string) => string, called: (inputs: number) => void = () => {}) =>
  class {
    private readonly inner = new (GPU as GpuConstructor)({ mode: 'cpu' });
    readonly mode = 'planted';
    createKernel(source: string, settings: Settings) {
      const run = this.inner.createKernel(change(source), settings);
      return (...inputs: never[]) => (called(inputs.length), run(...inputs));
    }
    destroy() {
      return this.inner.destroy();
    }
  } satisfies GpuConstructor;

describe.each(['webasm', 'cpu'] as const)('%s', (mode) => {
  test('GPU.js cuts loops that an argument bounds; ours are bounded by literals', async () => {
    const source = 'function (n) { let s = 0; for (let i = 0; i < n; i++) s += 1; return s; }';
    const cut = new GPU({ mode }).createKernel(source, { output: [1] });
    expect((cut(3072) as Float32Array)[0]).toBe(1000);
    const b = await gpu(GPU, { mode });
    expect([...(await Tensor.from(b, new Array(3072).fill(1), [3072]).sum(0).data())]).toEqual([
      3072,
    ]);
  });
  test('tanh far out is 1, and NaN stays NaN', async () => {
    const b = await gpu(GPU, { mode });
    const x = [-Infinity, -100, -50, -11, 11, 50, 100, Infinity, NaN];
    const y = await Tensor.from(b, x, [x.length]).tanh().data();
    expect([...y]).toEqual([-1, -1, -1, -1, 1, 1, 1, 1, NaN]);
  });
  test('a kernel that runs again leaves its first result alone', async () => {
    const b = await gpu(GPU, { mode });
    const [x, y] = [Tensor.from(b, [1, 2], [2]).exp(), Tensor.from(b, [3, 4], [2]).exp()];
    expect((await x.data())[0]).toBeCloseTo(Math.E, 6);
    expect((await y.data())[0]).toBeCloseTo(Math.E ** 3, 4);
  });
});

test('no kernel takes more than seven arrays: with the result, eight are what WebGPU binds', async () => {
  let most = 0;
  const b = await gpu(
    spied(
      (source) => source,
      (n) => void (most = Math.max(most, n)),
    ),
  );
  const x = Tensor.from(b, [1, 2, 3, 4], [2, 2]);
  const row = Tensor.from(b, [1, 1], [2]);
  await x.made([2, 2], b.fused!.layerNorm!(x, row, row, 1e-6)).data();
  expect(most).toBe(5);
});

test('textures are deleted once, not before their last use and not later than release', async () => {
  const b = await gpu(Counted, { mode: 'cpu' });
  const since = b.mark();
  const x = Tensor.from(b, [1, 2], [2]);
  const y = x.add(x).mul(x); // still queued when x goes
  b.release(since, [y.handle]);
  expect([...(await y.data())]).toEqual([2, 8]);
});

describe('a failure on the device', () => {
  const broken = spied((source) => source.replace('Math.sqrt(x)', 'Math.noSuch(x)'));

  test('rejects every later read until what failed is released, and no earlier one', async () => {
    const b = await gpu(broken);
    const x = Tensor.from(b, [4, 9], [2]);
    const since = b.mark();
    const before = x.add(1).data();
    const [root, later, other] = [x.sqrt(), x.sqrt().add(1), x.add(1)];
    const inner = b.mark();
    const reads = [later.data(), root.data(), other.data(), x.data()];
    b.release(inner, []);
    reads.push(x.data()); // what failed is older than the mark
    b.release(since, [later.handle]);
    reads.push(x.data());
    expect([...(await before)]).toEqual([5, 10]);
    const outcomes = await Promise.allSettled(reads);
    expect(outcomes.map(({ status }) => status)).toEqual(new Array(6).fill('rejected'));
    b.release(since, []);
    expect([...(await x.add(1).data())]).toEqual([5, 10]);
  });
  test('that nobody reads is no unhandled rejection', async () => {
    const heard: unknown[] = [];
    const hear = (error: unknown) => void heard.push(error);
    process.on('unhandledRejection', hear);
    try {
      const b = await gpu(broken);
      const since = b.mark();
      Tensor.from(b, [4, 9], [2]).sqrt().add(1);
      b.release(since, []);
      expect([...(await Tensor.from(b, [1], [1]).data())]).toEqual([1]);
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(heard).toEqual([]);
    } finally {
      process.off('unhandledRejection', hear);
    }
  });
});

describe('a device that computes wrong is refused', () => {
  test.each([
    ['exp', 'Math.exp(x)', 'Math.exp(x) * 1.001'],
    ['tanh', 'far = 1 - ', 'far = 1 / 0 * 0 - '],
    ['add', 'a + b', 'a - b'],
    ['matmul', 'a[p + ', 'a[0 + '],
    ['max', 'Math.max(total', 'Math.min(total'],
    ['permute', 'return x[at]', 'return x[0]'],
  ])('%s', async (op, right, wrong) => {
    const planted = spied((source) => source.replaceAll(right, wrong));
    await expect(gpu(planted)).rejects.toThrow(
      `gpu (planted) computes ${op} wrong on this machine: it gives `,
    );
  });
  test('and one that cannot compile says at what', async () => {
    const planted = spied((source) => source.replace('Math.log(x)', 'Math.noSuch(x)'));
    await expect(gpu(planted)).rejects.toThrow('gpu (planted): log does not run on this machine');
  });
});

test('float64 and arithmetic in half types are refused with what to do', async () => {
  const b = await gpu(GPU, { mode: 'cpu' });
  expect(() => Tensor.from(b, [1], [1], 'float64')).toThrow('backend-cpu has float64');
  const half = Tensor.from(b, [1], [1], 'float16');
  expect(() => half.add(half)).toThrow("rounded(b, 'float16')");
});
