// siglip-ts/gpu: the backend on GPU.js, for `backend: await gpu(GPU)`. GPU.js itself is the program's to bring.
/** @module siglip-ts/gpu */
export { gpu, type GpuMode, type GpuOptions } from '@siglip-ts/backend-gpu';
