// What bundlers and workerd make of an import of WebAssembly.
declare module '@siglip-ts/backend-wasm/kernels.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
