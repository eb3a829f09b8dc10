// How weights are kept: as the panels that products read, in float32 or narrower. Made once, when first used.
import { fromBits, toBits } from '@siglip-ts/core';
import { call, type Kernels } from '../assembler/kernel.ts';
import { PACK_ROWS } from '../kernels/pack.ts';
import { WIDTH } from '../kernels/product.ts';
import type { Heap } from './heap.ts';
import type { Storage } from './options.ts';

/** A matrix [n, k] in panels of 16 rows; of 8 for whole numbers. */
export interface Panels {
  readonly storage: Storage;
  readonly n: number;
  readonly k: number;
  /** Address of the panels, and of a float32 scale for each row (0: none). */
  readonly at: number;
  readonly scales: number;
}

/** Whole numbers are multiplied in pairs and quantised by four: k is rounded up with zeros. */
export const paddedK = (k: number): number => Math.ceil(k / 4) * 4;

/** Rows of a panel, and n rounded up to them. */
const sideBySide = (storage: Storage): number => (storage === 'w8a8' ? 8 : WIDTH);
const whole = (storage: Storage, n: number): number => {
  const side = sideBySide(storage);
  return Math.ceil(n / side) * side;
};

/** Panels of float32 numbers that are in the memory at `from`. */
export function packFloats(heap: Heap, run: Kernels, from: number, n: number, k: number): Panels {
  const at = heap.take(4 * whole('float32', n) * k);
  call(run, PACK_ROWS, { out: at, x: from, rows: n, k, stride: k, width: WIDTH });
  return { storage: 'float32', n, k, at, scales: 0 };
}

/** Panels of a weight on the host, in narrower storage. */
export function packNarrow(
  heap: Heap,
  storage: Exclude<Storage, 'float32'>,
  values: Float32Array,
  n: number,
  k: number,
): Panels {
  return storage === 'float16'
    ? packHalf(heap, values, n, k)
    : packBytes(heap, storage, values, n, k);
}

function packHalf(heap: Heap, values: Float32Array, n: number, k: number): Panels {
  const rows = whole('float16', n);
  const at = heap.take(2 * rows * k);
  const bits = toBits(values, 'float16');
  const panels = new Uint16Array(heap.memory.buffer, at, rows * k);
  panels.fill(0);
  for (let r = 0; r < n; r++)
    for (let i = 0; i < k; i++) panels[place('float16', r, i, k)] = bits[r * k + i]!;
  return { storage: 'float16', n, k, at, scales: 0 };
}

/** Symmetric, each row by its largest magnitude: q = round(127 w / max |w|). */
function packBytes(
  heap: Heap,
  storage: 'int8' | 'w8a8',
  values: Float32Array,
  n: number,
  k: number,
): Panels {
  const rows = whole(storage, n);
  const width = storage === 'w8a8' ? paddedK(k) : k;
  const at = heap.take(rows * width);
  const scalesAt = heap.take(4 * rows);
  const panels = new Int8Array(heap.memory.buffer, at, rows * width);
  const scales = new Float32Array(heap.memory.buffer, scalesAt, rows);
  panels.fill(0);
  scales.fill(0);
  for (let r = 0; r < n; r++) {
    let max = 0;
    for (let i = 0; i < k; i++) max = Math.max(max, Math.abs(values[r * k + i]!));
    scales[r] = max / 127;
    const inverse = max > 0 ? 127 / max : 0;
    for (let i = 0; i < k; i++)
      panels[place(storage, r, i, width)] = Math.round(values[r * k + i]! * inverse);
  }
  return { storage, n, k, at, scales: scalesAt };
}

/** Where number i of row r is among the panels. w8a8 has two numbers of a row side by side. */
const place = (storage: Storage, r: number, i: number, width: number): number => {
  const side = sideBySide(storage);
  const panel = (r - (r % side)) * width;
  return storage === 'w8a8'
    ? panel + (i - (i % 2)) * side + (r % side) * 2 + (i % 2)
    : panel + i * side + (r % side);
};

/** The numbers of panels again, as the product sees them. */
export function unpack(heap: Heap, p: Panels): Float32Array {
  const { buffer } = heap.memory;
  const { storage, n, k, at } = p;
  const width = storage === 'w8a8' ? paddedK(k) : k;
  const count = whole(storage, n) * width;
  const stored =
    storage === 'float32'
      ? new Float32Array(buffer, at, count)
      : storage === 'float16'
        ? fromBits(new Uint16Array(buffer, at, count), 'float16')
        : new Int8Array(buffer, at, count);
  const scales = p.scales ? new Float32Array(buffer, p.scales, n) : undefined;
  const values = new Float32Array(n * k);
  for (let r = 0; r < n; r++)
    for (let i = 0; i < k; i++)
      values[r * k + i] = stored[place(storage, r, i, width)]! * (scales ? scales[r]! : 1);
  return values;
}

export function releasePanels(heap: Heap, p: Panels): void {
  heap.release(p.at);
  if (p.scales) heap.release(p.scales);
}
