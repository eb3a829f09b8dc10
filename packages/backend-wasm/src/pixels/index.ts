// Kernels for packages/image: functions on ordinary typed arrays, which go through a scratch memory of bounded size.
// They have no state. The same results as image's own loops, to the last bit: tests/image runs its goldens on both.
/** @module @siglip-ts/backend-wasm/pixels */
import { call, type Kernels } from '../assembler/kernel.ts';
import type { CompiledModule } from '../engine/options.ts';
import { fromText } from '../text-bytes.ts';
import { IDCT } from './idct.ts';
import { KERNELS } from './pixels-bytes.ts';
import { ACROSS, ACROSS_GRAY, DOWN } from './resize.ts';
import { FANCY, YCC } from './rows.ts';

/** Weights of a resize along an axis, as image makes them: for output i, from i * stride. */
interface Axis {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly values: Int32Array;
  readonly stride: number;
}
/** Samples, rows of `width` pixels, channels last. */
interface Bytes {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Each answers whether it did its work; if not, nothing is written and the caller's own loops are to run. */
export interface PixelKernels {
  /** Blocks side by side: 64 coefficients each, to 8 rows of 8 samples for each block. */
  inverseDct(coefficients: Int16Array, quant: Uint16Array, samples: Uint8Array): boolean;
  /** A row of n samples and the row it leans to, to 2n samples; `bias` rounds the odd ones, 15 - bias the others. */
  upsample(near: Uint8Array, far: Uint8Array, out: Uint8Array, bias: number): boolean;
  /** A row of YCbCr to RGB. */
  yccToRgb(luma: Uint8Array, blue: Uint8Array, red: Uint8Array, out: Uint8Array): boolean;
  /** Rows made as wide as the axis says: 8-bit weights of `bits` fraction bits, sums rounded and clamped to bytes. */
  resizeAcross(image: Bytes, axis: Axis, bits: number, out: Uint8Array): boolean;
  /** The same for columns: the picture as high as the axis says. */
  resizeDown(image: Bytes, axis: Axis, bits: number, out: Uint8Array): boolean;
}

/** The most that the scratch memory may grow to, in bytes. */
const LIMIT = 1 << 24;
/** What a strip of rows aims at, so that it stays in the cache. */
const STRIP = 1 << 18;
/** Rows that a strip of a downward pass gives. */
const ROWS = 16;
/** Room behind each array, for kernels read and write past ends. */
const MARGIN = 64;

/**
 * The kernels; undefined where WebAssembly or its SIMD is missing or may not be compiled.
 *
 * @param module `wasm/pixels.wasm`, for runtimes that only run what they were deployed with
 */
export function pixelKernels(module?: CompiledModule): PixelKernels | undefined {
  try {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const compiled = (module as WebAssembly.Module) ?? new WebAssembly.Module(fromText(KERNELS));
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
    return kernelsOf(exports as Kernels, new Scratch(memory));
  } catch {
    return undefined;
  }
}

/** Places in the memory, given out anew for each call. */
class Scratch {
  readonly #memory: WebAssembly.Memory;
  bytes: Uint8Array;
  #used = 0;
  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.bytes = new Uint8Array(memory.buffer);
  }
  /** Places of these sizes in bytes; undefined if they are too much. */
  places(...sizes: number[]): number[] | undefined {
    this.#used = MARGIN;
    const places = sizes.map((size) => {
      const place = this.#used;
      this.#used += Math.ceil(size / 16) * 16 + MARGIN;
      return place;
    });
    if (!(this.#used <= LIMIT)) return undefined;
    const missing = this.#used - this.bytes.length;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / 65536));
      this.bytes = new Uint8Array(this.#memory.buffer);
    }
    return places;
  }
  put(place: number, array: Int16Array | Uint16Array | Int32Array): void {
    this.bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), place);
  }
  get(place: number, out: Uint8Array): void {
    out.set(this.bytes.subarray(place, place + out.length));
  }
}

function kernelsOf(run: Kernels, scratch: Scratch): PixelKernels {
  return {
    inverseDct(coefficients, quant, samples) {
      if (coefficients.length !== samples.length || quant.length !== 64) return false;
      const places = scratch.places(coefficients.byteLength, 128, samples.length);
      if (!places) return false;
      const [from, steps, to] = places as [number, number, number];
      const blocks = samples.length / 64;
      scratch.put(from, coefficients);
      scratch.put(steps, quant);
      call(run, IDCT, { from, quant: steps, to, stride: blocks * 8, blocks });
      scratch.get(to, samples);
      return true;
    },
    upsample(near, far, out, bias) {
      const n = near.length;
      if (far.length !== n || out.length !== 2 * n) return false;
      const places = scratch.places(n + 2, n + 2, out.length);
      if (!places) return false;
      const [a, b, to] = places as [number, number, number];
      withEdges(scratch.bytes, a, near);
      withEdges(scratch.bytes, b, far);
      call(run, FANCY, { near: a, far: b, out: to, n, bias });
      scratch.get(to, out);
      return true;
    },
    yccToRgb(luma, blue, red, out) {
      const n = out.length / 3;
      if (Math.min(luma.length, blue.length, red.length) < n) return false;
      const places = scratch.places(n, n, n, out.length);
      if (!places) return false;
      const [y, cb, cr, to] = places as [number, number, number, number];
      scratch.bytes.set(luma.subarray(0, n), y);
      scratch.bytes.set(blue.subarray(0, n), cb);
      scratch.bytes.set(red.subarray(0, n), cr);
      call(run, YCC, { luma: y, blue: cb, red: cr, out: to, n });
      scratch.get(to, out);
      return true;
    },
    resizeAcross: (image, axis, bits, out) => resizeAcross(run, scratch, image, axis, bits, out),
    resizeDown: (image, axis, bits, out) => resizeDown(run, scratch, image, axis, bits, out),
  };
}

/** A row from place + 1 on, its first and last sample repeated. */
function withEdges(bytes: Uint8Array, place: number, row: Uint8Array): void {
  bytes[place] = row[0]!;
  bytes.set(row, place + 1);
  bytes[place + 1 + row.length] = row[row.length - 1]!;
}

function resizeAcross(
  run: Kernels,
  scratch: Scratch,
  { data, width, height, channels }: Bytes,
  axis: Axis,
  bits: number,
  out: Uint8Array,
): boolean {
  if (channels === 2 || data.length < width * height * channels) return false;
  const { first, count, values, stride } = channels === 1 ? inFours(axis) : axis;
  const size = first.length;
  const [pitch, outPitch] = [width * channels, size * channels];
  const rows = Math.max(1, Math.floor(STRIP / (pitch + outPitch)));
  const places = scratch.places(
    rows * pitch,
    rows * outPitch,
    4 * size,
    4 * size,
    values.byteLength,
  );
  if (!places) return false;
  const [from, to, starts, counts, weights] = places as [number, number, number, number, number];
  scratch.put(
    starts,
    first.map((x) => x * channels),
  );
  scratch.put(counts, count);
  scratch.put(weights, values);
  const at = { from, to, first: starts, count: counts, weights };
  const args = { ...at, stride: 4 * stride, width: size, bits, pitch };
  for (let y = 0; y < height; y += rows) {
    const n = Math.min(rows, height - y);
    scratch.bytes.set(data.subarray(y * pitch, (y + n) * pitch), from);
    if (channels === 1) call(run, ACROSS_GRAY, { ...args, height: n });
    else call(run, ACROSS, { ...args, height: n, step: channels });
    scratch.get(to, out.subarray(y * outPitch, (y + n) * outPitch));
  }
  return true;
}

/** Weights with zeros behind them, up to a multiple of four. */
function inFours({ first, count, values, stride }: Axis): Axis {
  const wide = Math.ceil(stride / 4) * 4;
  const padded = new Int32Array(first.length * wide);
  for (let i = 0; i < first.length; i++)
    padded.set(values.subarray(i * stride, i * stride + count[i]!), i * wide);
  return { first, count, values: padded, stride: wide };
}

function resizeDown(
  run: Kernels,
  scratch: Scratch,
  { data, width, height, channels }: Bytes,
  { first, count, values, stride }: Axis,
  bits: number,
  out: Uint8Array,
): boolean {
  const n = width * channels;
  if (data.length < n * height) return false;
  const size = first.length;
  const strips = Array.from({ length: Math.ceil(size / ROWS) }, (_, i) => {
    const [y, end] = [i * ROWS, Math.min((i + 1) * ROWS, size)];
    return { y, end, top: first[y]!, bottom: first[end - 1]! + count[end - 1]! };
  });
  const tallest = strips.reduce((most, { top, bottom }) => Math.max(most, bottom - top), 0);
  const places = scratch.places(tallest * n, ROWS * n, 4 * ROWS, 4 * size, values.byteLength);
  if (!places) return false;
  const [from, to, starts, counts, weights] = places as [number, number, number, number, number];
  scratch.put(counts, count);
  scratch.put(weights, values);
  for (const { y, end, top, bottom } of strips) {
    scratch.bytes.set(data.subarray(top * n, bottom * n), from);
    scratch.put(
      starts,
      first.subarray(y, end).map((row) => (row - top) * n),
    );
    const skipped = 4 * y;
    call(run, DOWN, {
      from,
      to,
      first: starts,
      count: counts + skipped,
      weights: weights + skipped * stride,
      stride: 4 * stride,
      height: end - y,
      bits,
      n,
    });
    scratch.get(to, out.subarray(y * n, end * n));
  }
  return true;
}
