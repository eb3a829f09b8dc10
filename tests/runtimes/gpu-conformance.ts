// The conformance suite on backend-gpu as a program for browsers, in the mode that the page's address names.
import { gpu, type GpuMode } from '@siglip-ts/backend-gpu';
import { GPU } from 'gpu.js';
import { SOFTWARE_GPUS } from '../conformance/budgets.ts';
import { describeBackend } from '../conformance/describe-backend.ts';
import { ON_LLVMPIPE, ON_SWIFTSHADER } from '../conformance/gpu-skips.ts';
import { finishAndAnswer } from './answer.ts';

const mode = new URLSearchParams(location.search).get('mode') as GpuMode;
describeBackend(`gpu, ${mode}`, {
  make: () => gpu(GPU, { mode }),
  skip: navigator.userAgent.includes('Firefox') ? ON_LLVMPIPE : ON_SWIFTSHADER,
  budgets: SOFTWARE_GPUS,
});

await finishAndAnswer();
