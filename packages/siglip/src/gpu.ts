/** @module siglip-ts/gpu */
export { gpu, type GpuMode, type GpuOptions } from '@siglip-ts/backend-gpu';
