// What the package gives: the engine, its self-test, and the assembler's kernels. Those for pictures are in ./pixels.
/** @module @siglip-ts/backend-wasm */

// First and side by side, for their place in bundles: this much text amid code parts what is alike in the code further than
// gzip looks back, which is 32 kB.
import './kernels-bytes.ts';
import './pixels/pixels-bytes.ts';

export { canary } from './canary.ts';
export { wasm } from './wasm.ts';
export type { WasmOptions } from './engine/options.ts';
export { kernels, type Variant } from './kernels/index.ts';
