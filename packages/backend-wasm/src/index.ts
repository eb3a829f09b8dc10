/** @module @siglip-ts/backend-wasm */

// First and side by side, for their place in bundles: this much text amid code parts what is alike in the code further than
// gzip looks back, which is 32 kB.
import './kernels-bytes.ts';
import './pixels/pixels-bytes.ts';

export { canary } from './canary.ts';
export { wasm } from './wasm.ts';
export type { WasmOptions } from './options.ts';
export { kernels, type Variant } from './kernels/index.ts';
