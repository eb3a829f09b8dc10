// What users choose of the engine.

/** Names of the option `weights`. Arithmetic is float32 in the first three, whole numbers in the last. */
export type Storage = 'float32' | 'float16' | 'int8' | 'w8a8';

/** A WebAssembly.Module: a type that TypeScript knows only together with the DOM. */
export type CompiledModule = object;

/** Options of `wasm`. */
export interface WasmOptions {
  /** The compiled kernels, where compiling at run time is forbidden: `import module from '…/kernels.wasm'`. */
  module?: CompiledModule;
  /**
   * How the weights of linear layers are stored: 'float32'; 'float16', half the memory; 'int8', a quarter; 'w8a8',
   * a quarter and twice as fast, with activations rounded too. All but the first change results: see the README.
   */
  weights?: Storage;
  /**
   * Default 1; 'auto': as many as there are cores, 8 at most, and one with a warning where that is impossible. Results do
   * not depend on it. More than there are cores are as many as there are, and a warning; where memory is not shared it is
   * one. A number of threads that cannot start is an Error.
   */
  threads?: number | 'auto';
  /** Receives the reason why there are fewer threads than were wanted. Default: console.warn. */
  warn?: (message: string) => void;
  /** Fused multiply-and-add where the machine has it: faster, other last bits. Default false. */
  relaxed?: boolean;
  /** Default: whether the machine has SIMD. Without it everything takes several times as long; bits are the same. */
  simd?: boolean;
}
