// What bundlers and workerd make of an import of a .wasm file.
declare const module: WebAssembly.Module;
export default module;
