export { canary } from './canary.ts';
export { wasm } from './wasm.ts';
export type { WasmOptions } from './options.ts';
export { kernels, type Variant } from './kernels/index.ts';
