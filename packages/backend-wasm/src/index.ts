export { wasm, type WasmOptions } from './wasm.ts';
export { kernels, type Variant } from './kernels/index.ts';
