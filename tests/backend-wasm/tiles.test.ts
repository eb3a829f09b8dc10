// Every tile of the product gives the same bits, in each storage; and the race takes the tile that is fastest here, by a clock
// of the test's own.
import { afterEach, expect, test, vi } from 'vitest';
import { kernels } from '@siglip-ts/backend-wasm';
import { call, type Kernels } from '../../packages/backend-wasm/src/assembler/kernel.ts';
import { Race } from '../../packages/backend-wasm/src/engine/race.ts';
import {
  PRODUCT,
  PRODUCT_HALF,
  PRODUCT_INT8,
  PRODUCT_ROOM,
  TILES,
} from '../../packages/backend-wasm/src/kernels/product.ts';

const SIZES = [
  [1, 1, 1],
  [3, 17, 130],
  [4, 16, 128],
  [7, 40, 263],
  [245, 33, 9], // more rows than are copied at a time
] as const;

/** c [rows, n] by each tile, from bytes that are the same for all. */
async function results(
  module: Uint8Array,
  kernel: typeof PRODUCT,
  [rows, n, k]: readonly number[],
) {
  const memory = new WebAssembly.Memory({ initial: 64 });
  const { instance } = await WebAssembly.instantiate(module as BufferSource, { env: { memory } });
  const panels = Math.ceil(n! / 16) * 16;
  const a = 1024;
  const b = a + 4 * rows! * k! + 64;
  const scales = b + 4 * panels * k!;
  const bias = scales + 4 * panels;
  const c = bias + 4 * panels;
  const room = c + 4 * rows! * n! + 64;
  const bytes = new Uint8Array(memory.buffer, b, 4 * panels * k!);
  const floats = (at: number, count: number, from: number) =>
    new Float32Array(memory.buffer, at, count).forEach((_, i, x) => {
      x[i] = Math.sin(1.7 * i + from);
    });
  floats(a, rows! * k!, 0.3);
  if (kernel === PRODUCT) floats(b, panels * k!, 0.9);
  else bytes.forEach((_, i) => (bytes[i] = (i * 37) % (kernel === PRODUCT_HALF ? 61 : 256)));
  floats(scales, panels, 2);
  floats(bias, panels, 5);
  const args = { c, a, b, rows: rows!, n: n!, k: k!, bias, cStride: n!, room, scales, aStride: k! };
  return Array.from({ length: TILES }, (_, tile) => {
    new Uint8Array(memory.buffer, c, 4 * rows! * n!).fill(0xff);
    call(instance.exports as unknown as Kernels, kernel, { ...args, tile });
    expect(room + 4 * PRODUCT_ROOM).toBeLessThan(memory.buffer.byteLength);
    return new Uint32Array(memory.buffer.slice(c, c + 4 * rows! * n!));
  });
}

for (const variant of ['plain', 'relaxed', 'scalar'] as const) {
  const module = kernels({ [variant]: true });
  const runs = WebAssembly.validate(module as BufferSource);
  test.skipIf(!runs)(
    `${variant}: all tiles give the same bits${runs ? '' : ' (this engine has no relaxed SIMD)'}`,
    async () => {
      for (const kernel of [PRODUCT, PRODUCT_HALF, PRODUCT_INT8])
        for (const size of SIZES) {
          const [first, ...others] = await results(module, kernel, size);
          expect(new Set(first).size, 'the numbers are none of a kind').toBeGreaterThan(
            size[0] * size[1] > 1 ? 1 : 0,
          );
          for (const other of others) expect(other, `${kernel.name} ${size}`).toEqual(first);
        }
    },
  );
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** A race whose products of 196 x 768 x 768 take so many milliseconds, by tile, and what tiles it chose. */
function raced(times: readonly number[], products: number) {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const race = new Race();
  const chosen: number[] = [];
  for (let i = 0; i < products; i++)
    race.run(196, 768, 768, (tile) => {
      chosen.push(tile);
      now += times[tile]!;
    });
  return { race, chosen };
}

test('the fastest tile wins, after each had its turns, and stays', () => {
  const { race, chosen } = raced([7, 6, 8], 100);
  expect(new Set(chosen)).toEqual(new Set([0, 1, 2]));
  expect(race.tile).toBe(1);
  expect(new Set(chosen.slice(24))).toEqual(new Set([1]));
});

test('products that are shorter than the clock is fine are timed many together', () => {
  const { race, chosen } = raced([0.5, 0.4, 0.3], 600);
  expect(race.tile).toBe(2);
  expect(chosen.slice(0, 10)).toEqual(Array(10).fill(0));
});

test('where the clock stands still, and for small products and those of another size, the first tile is taken', () => {
  expect(raced([0, 0, 0], 50).race.tile).toBe(0);
  const { race } = raced([7, 6, 8], 5);
  const tiles: number[] = [];
  race.run(196, 768, 3072, (tile) => tiles.push(tile));
  race.run(8, 8, 8, (tile) => tiles.push(tile));
  expect(tiles).toEqual([0, 0]);
});
