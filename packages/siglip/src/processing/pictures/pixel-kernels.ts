// What speeds pictures up where there is WebAssembly: compiled when the first picture or processor needs it.
import * as wasm from '@siglip-ts/backend-wasm/pixels';
import type { PixelKernels } from '@siglip-ts/image';

let found: { kernels: PixelKernels | undefined } | undefined;

/** One instance for all; undefined where WebAssembly is missing or may not be compiled: image's own loops do the same. */
export const pixelKernels = (): PixelKernels | undefined =>
  (found ??= { kernels: wasm.pixelKernels() }).kernels;
