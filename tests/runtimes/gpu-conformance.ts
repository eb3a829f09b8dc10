// The conformance suite on backend-gpu as a program for browsers, in the mode that the page's address names.
import { GPU } from 'gpu.js';
import { gpu, type GpuMode } from '@siglip-ts/backend-gpu';
import { describeBackend } from '@siglip-ts/conformance';
import { ON_LLVMPIPE, ON_SWIFTSHADER, SOFTWARE_GPUS } from '../conformance/gpu-skips.ts';
import { finishAndAnswer } from './answer.ts';

const mode = new URLSearchParams(location.search).get('mode') as GpuMode;
describeBackend(`gpu, ${mode}`, {
  make: () => gpu(GPU, { mode }),
  skip: navigator.userAgent.includes('Firefox') ? ON_LLVMPIPE : ON_SWIFTSHADER,
  budgets: SOFTWARE_GPUS,
});

await finishAndAnswer();
