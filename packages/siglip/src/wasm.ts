/** @module siglip-ts/wasm */
export { wasm, type WasmOptions } from '@siglip-ts/backend-wasm';
