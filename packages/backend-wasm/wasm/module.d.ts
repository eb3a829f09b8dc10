// What bundlers and workerd make of an import of a .wasm file.
import type { CompiledModule } from '../dist/engine/options.js';
declare const module: CompiledModule;
export default module;
