// backend-gpu in the two modes of GPU.js that run everywhere. Real GPUs and browsers are not tested here.
import { gpu, type GpuMode } from '@siglip-ts/backend-gpu';
import { GPU } from 'gpu.js';
import { describeBackend } from './describe-backend.ts';

const skip = { float64: 'GPU.js computes in float32; backend-cpu computes in float64' };
const make = (mode: GpuMode) => () => gpu(GPU, { mode });

describeBackend('gpu, webasm', { make: make('webasm'), skip });
describeBackend('gpu, cpu', { make: make('cpu'), skip });
