// What speeds pictures up where there is WebAssembly: loaded when the first picture or processor needs it.
import type { PixelKernels } from '@siglip-ts/image';

let loading: Promise<PixelKernels | undefined> | undefined;

/** One instance for all; undefined where there is no WebAssembly, or none that may be compiled. Never rejects. */
export function pixelKernels(): Promise<PixelKernels | undefined> {
  return (loading ??= load());
}

async function load(): Promise<PixelKernels | undefined> {
  if (typeof WebAssembly === 'undefined') return undefined;
  try {
    return (await import('@siglip-ts/backend-wasm/pixels')).pixelKernels();
  } catch {
    return undefined; // image's own loops give the same bits
  }
}
