// siglip-ts/wasm: the WebAssembly engine, for `backend: await wasm()`. It is the default, which needs no import.
/** @module siglip-ts/wasm */
export { wasm, type WasmOptions } from '@siglip-ts/backend-wasm';
