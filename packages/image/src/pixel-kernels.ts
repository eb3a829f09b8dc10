// Faster versions of the loops on which pictures spend their time, from whoever has some (backend-wasm/pixels).
// Without them the loops here run; the results are the same, to the last bit.
import type { AxisWeights } from './resize/weights.ts';

/** Samples, rows of `width` pixels, channels last. */
export interface Bytes {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Each answers whether it did its work; if not, the loops here do it. Arrays have exactly the lengths named. */
export interface PixelKernels {
  /** `inverseDct` of blocks side by side: 64 coefficients each, to 8 rows of 8 samples a block. */
  inverseDct(coefficients: Int16Array, quant: Uint16Array, samples: Uint8Array): boolean;
  /**
   * "Fancy" upsampling by 2: a row of n samples and the row it leans to (itself: across only), to 2n samples. Sums are in
   * 16ths, to which `bias` is added at odd places and 15 - bias at even ones.
   */
  upsample(near: Uint8Array, far: Uint8Array, out: Uint8Array, bias: number): boolean;
  /** A row of YCbCr to RGB; the rows given may be longer than that of `out`. */
  yccToRgb(luma: Uint8Array, blue: Uint8Array, red: Uint8Array, out: Uint8Array): boolean;
  /** `resizeAcross` of 8-bit rows: weights of `bits` fraction bits, sums rounded and clamped to bytes. */
  resizeAcross(image: Bytes, axis: AxisWeights<Int32Array>, bits: number, out: Uint8Array): boolean;
  /** `resizeDown`: the same for columns. */
  resizeDown(image: Bytes, axis: AxisWeights<Int32Array>, bits: number, out: Uint8Array): boolean;
}

/** Kernels that take the place of the loops here: faster, the same bytes. */
export interface KernelOption {
  /** Default: none. */
  readonly kernels?: PixelKernels | undefined;
}
