// The contract on GPU.js.
/** @module @siglip-ts/backend-gpu */
export { gpu, type GpuOptions } from './gpu.ts';
export type { GpuConstructor, GpuMode } from './gpujs.ts';
