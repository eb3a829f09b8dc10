// backend-gpu in the two modes of GPU.js that run everywhere; browsers run it on GPUs in software (tests/runtimes).
import { GPU } from 'gpu.js';
import { gpu, type GpuMode } from '@siglip-ts/backend-gpu';
import { describeBackend } from '@siglip-ts/conformance';
import { EVERYWHERE as skip } from './gpu-skips.ts';

const make = (mode: GpuMode) => () => gpu(GPU, { mode });

describeBackend('gpu, webasm', { make: make('webasm'), skip });
describeBackend('gpu, cpu', { make: make('cpu'), skip });
