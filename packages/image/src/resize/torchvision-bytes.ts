// torchvision's `resize(..., antialias=True)` of uint8 tensors, as its AVX2 code does it.
// Same filters as Pillow's, but 16-bit weights, and always across first. Floats: `resize-floats.ts`.
import type { Bytes, PixelKernels } from '../pixel-kernels.ts';
import { resizeAcross, resizeDown } from './passes.ts';
import { axisWeights, quantized, type ResizeFilter } from './weights.ts';

/** A picture, channels first: `channels` planes of `height` rows. */
export interface Planes<Data> {
  /** Plane by plane, row by row. */
  readonly data: Data;
  /** How many planes. */
  readonly channels: number;
  /** In pixels. */
  readonly height: number;
  /** In pixels. */
  readonly width: number;
}

type Size = { readonly width: number; readonly height: number };

/** uint8 tensors, exact on a CPU with AVX2 or AVX-512; torch without AVX2 resizes bytes as floats. */
export function resizeTorchvisionBytes(
  image: Planes<Uint8Array>,
  { width, height }: Size,
  filter: ResizeFilter = 'bicubic',
  kernels?: PixelKernels,
): Planes<Uint8Array> {
  const { channels } = image;
  // Planes below each other are one tall picture, as long as only the width changes.
  let rows: Bytes = {
    data: image.data,
    width: image.width,
    height: channels * image.height,
    channels: 1,
  };
  if (width !== image.width) {
    const { axis, bits } = int16Weights(image.width, width, filter);
    rows = resizeAcross(rows, axis, bits, kernels);
  }
  if (height === image.height) return { data: rows.data.slice(), channels, height, width };
  const { axis, bits } = int16Weights(image.height, height, filter);
  const data = new Uint8Array(channels * height * width);
  for (let c = 0; c < channels; c++) {
    const plane = rows.data.subarray(c * image.height * width, (c + 1) * image.height * width);
    const resized = resizeDown(
      { data: plane, width, height: image.height, channels: 1 },
      axis,
      bits,
      kernels,
    );
    data.set(resized.data, c * height * width);
  }
  return { data, channels, height, width };
}

/** Weights at the highest precision, the same for a whole axis, at which the largest is below 2^15. */
function int16Weights(input: number, output: number, filter: ResizeFilter) {
  const axis = axisWeights(input, output, filter);
  let largest = 0;
  for (const weight of axis.values) largest = Math.max(largest, weight);
  let bits = 0;
  while (bits < 22 && Math.trunc(0.5 + largest * 2 ** (bits + 1)) < 1 << 15) bits++;
  return { axis: quantized(axis, bits), bits };
}
