// How many threads there are by default, and what is said where fewer compute than were wanted. Workers here are
// stand-ins wherever they must fail; a page's own policy is in tests/runtimes.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Tensor } from '@siglip-ts/core';
import { SiglipModel, SiglipVisionConfig, SiglipVisionModel } from 'siglip-ts';

const os = process.getBuiltinModule('node:os');

/** Loads the engine anew: what it says once a page, it says once a test. */
async function engine() {
  vi.resetModules();
  return {
    ...(await import('@siglip-ts/backend-wasm')),
    ...(await import('../../packages/backend-wasm/src/engine/thread-count.ts')),
  };
}
beforeEach(() => vi.stubGlobal('navigator', { hardwareConcurrency: 4 }));
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test.each([
  [1, 1],
  [2, 2],
  [8, 8],
  [64, 8],
])('auto on %i cores: %i threads', async (cores, threads) => {
  const { threadsOf } = await engine();
  vi.stubGlobal('navigator', { hardwareConcurrency: cores });
  expect(threadsOf({ threads: 'auto' })).toBe(threads);
  expect(threadsOf({})).toBe(1);
});

test('as many as were asked for, capped at the cores, with one warning', async () => {
  const { threadsOf, wasm } = await engine();
  const warn = vi.fn();
  expect(threadsOf({ threads: 4, warn })).toBe(4);
  expect(warn).not.toHaveBeenCalled();
  expect(threadsOf({ threads: 1000, warn })).toBe(4);
  expect(threadsOf({ threads: 5, warn })).toBe(4);
  expect(warn.mock.calls).toEqual([['wasm: 1000 threads, but 4 cores: 4 compute']]);
  vi.stubGlobal('navigator', { hardwareConcurrency: 2 });
  (await wasm({ threads: 1000 })).dispose();
  // Where nothing says how many cores there are, nothing is known to be too many.
  vi.stubGlobal('navigator', undefined);
  vi.spyOn(os, 'availableParallelism').mockReturnValue(undefined as never);
  expect(threadsOf({ threads: 9, warn })).toBe(9);
});

test('cores are what the system says, where there is no navigator', async () => {
  const { cores } = await engine();
  vi.stubGlobal('navigator', undefined);
  expect(cores()).toBe(os.availableParallelism());
  vi.stubGlobal('process', undefined);
  expect(cores()).toBeUndefined();
});

describe('memory that is not shared', () => {
  test.each([
    ['a page without isolation', { crossOriginIsolated: false }],
    ['a machine without it', { SharedArrayBuffer: undefined }],
  ])('%s: one warning, one thread', async (_, globals) => {
    const { threadsOf } = await engine();
    vi.stubGlobal('navigator', { hardwareConcurrency: 4 });
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    const said: string[] = [];
    const warn = (message: string) => void said.push(message);
    expect(threadsOf({ warn })).toBe(1);
    expect(said).toEqual([]); // nobody wanted more
    expect(threadsOf({ threads: 'auto', warn })).toBe(1);
    expect(threadsOf({ threads: 2, warn })).toBe(1);
    expect(said).toEqual([expect.stringMatching(/one thread.*cross-origin isolation/)]);
  });
  test('one core wants no more, and nothing is said', async () => {
    const { threadsOf } = await engine();
    vi.stubGlobal('navigator', { hardwareConcurrency: 1 });
    vi.stubGlobal('crossOriginIsolated', false);
    const warn = vi.fn();
    expect(threadsOf({ threads: 'auto', warn })).toBe(1);
    expect(warn).not.toHaveBeenCalled();
  });
});

/** A page's Worker, which does as it is told, in place of Node's. */
function stubWorker(act: (worker: { onerror?: (event: unknown) => void }, nth: number) => void) {
  const ended: number[] = [];
  let made = 0;
  vi.stubGlobal('process', { ...process, getBuiltinModule: undefined });
  vi.stubGlobal('navigator', { hardwareConcurrency: 3 });
  vi.stubGlobal(
    'Worker',
    class {
      readonly nth = made++;
      onmessage?: () => void;
      onerror?: (event: unknown) => void;
      constructor() {
        act(this, this.nth);
      }
      postMessage() {
        if (this.nth === 0) this.onmessage?.();
      }
      terminate() {
        ended.push(this.nth);
      }
    },
  );
  return ended;
}
const DIRECTIVE = /threads are workers.*Content-Security-Policy.*"worker-src blob:"/;
/** How browsers forbid: an event without a message, later, or an exception at once. */
const forbidding = {
  'an event': (worker: { onerror?: (event: unknown) => void }, nth: number) => {
    if (nth === 1) queueMicrotask(() => worker.onerror?.(new Event('error')));
  },
  'an exception': (_: object, nth: number) => {
    if (nth === 1) throw new DOMException('The operation is insecure.', 'SecurityError');
  },
};

describe.each(Object.entries(forbidding))('a policy forbids workers, by %s', (_, act) => {
  test('a number of threads is an error that names the directive', async () => {
    const { wasm } = await engine();
    const ended = stubWorker(act);
    await expect(wasm({ threads: 3 })).rejects.toThrow(DIRECTIVE);
    expect(ended).toContain(0); // the one that had started
  });
  test('auto is one thread, and a warning that names it', async () => {
    const { wasm } = await engine();
    const ended = stubWorker(act);
    const warn = vi.fn();
    const b = await wasm({ threads: 'auto', warn });
    expect(warn.mock.calls).toEqual([[expect.stringMatching(DIRECTIVE)]]);
    expect(ended).toContain(0);
    const product = Tensor.from(b, Float32Array.of(1, 2, 3, 4), [2, 2], 'float32');
    expect(await product.matmul(product).data()).toEqual(Float32Array.of(7, 10, 15, 22));
    b.dispose();
  });
});

test('another failure of a worker says what it is', async () => {
  const { wasm } = await engine();
  stubWorker((worker, nth) => {
    if (nth === 1) queueMicrotask(() => worker.onerror?.({ message: 'no memory for a worker' }));
  });
  await expect(wasm({ threads: 3 })).rejects.toThrow('one cannot start: no memory for a worker');
});

test('a worker that never answers ends after a while, and with it those that did', async () => {
  const { wasm } = await engine();
  const ended = stubWorker(() => {});
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const made = wasm({ threads: 3 });
  const failed = expect(made).rejects.toThrow('it did not start within 20 seconds');
  while (vi.getTimerCount() < 1) await new Promise((resolve) => setImmediate(resolve));
  await vi.advanceTimersByTimeAsync(20_000);
  await failed;
  expect(ended).toEqual([0, 1]);
});

describe('a model’s own backend', () => {
  const CONFIG = { hidden_size: 512, intermediate_size: 2048, num_attention_heads: 8, image_size: 32, patch_size: 16 }; // prettier-ignore
  /** 3 million parameters a layer. */
  const withLayers = (num_hidden_layers: number) =>
    new SiglipVisionConfig({ ...CONFIG, num_hidden_layers });
  beforeEach(() => {
    vi.stubGlobal('navigator', { hardwareConcurrency: 4 });
    vi.stubGlobal('crossOriginIsolated', false);
  });

  test('a small model wants one thread, a big one more; `warn` hears why it has them not', async () => {
    const warn = vi.fn();
    const embedded = await SiglipModel.fromPretrained('packages/tiny-model/model', { warn });
    await embedded.dispose();
    const small = await SiglipVisionModel.fromConfig(withLayers(1), { warn });
    await small.dispose();
    expect(warn).not.toHaveBeenCalled();
    const big = await SiglipVisionModel.fromConfig(withLayers(4), { warn });
    await big.dispose();
    const again = await SiglipVisionModel.fromConfig(withLayers(4), { warn, threads: 2 });
    await again.dispose();
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/cross-origin isolation/)]]);
  });
  test('no bit of a big one depends on them', async () => {
    vi.unstubAllGlobals();
    vi.stubGlobal('navigator', { hardwareConcurrency: 2 });
    const data = Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => Math.sin(i));
    const pixel_values = { data, shape: [1, 3, 32, 32] };
    const results = [];
    for (const o of [{}, { threads: 1 }]) {
      const model = await SiglipVisionModel.fromConfig(withLayers(4), o);
      results.push(await (await model({ pixel_values })).last_hidden_state.data());
      await model.dispose();
    }
    expect(results[0]).toEqual(results[1]);
  });
  test('a backend without threads takes auto', async () => {
    const model = await SiglipVisionModel.fromConfig(withLayers(1), { backend: 'cpu', threads: 'auto' }); // prettier-ignore
    await model.dispose();
  });
});
