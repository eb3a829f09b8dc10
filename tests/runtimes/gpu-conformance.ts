// The conformance suite on backend-gpu as a program for browsers, in the mode that the page's address names.
import { gpu, type GpuMode } from '@siglip-ts/backend-gpu';
import { GPU } from 'gpu.js';
import { SOFTWARE_GPUS } from '../conformance/budgets.ts';
import { describeBackend } from '../conformance/describe-backend.ts';
import { ON_LLVMPIPE, ON_SWIFTSHADER } from '../conformance/gpu-skips.ts';
import { finish } from '../no-eval/vitest-shim.ts';

const mode = new URLSearchParams(location.search).get('mode') as GpuMode;
describeBackend(`gpu, ${mode}`, {
  make: () => gpu(GPU, { mode }),
  skip: navigator.userAgent.includes('Firefox') ? ON_LLVMPIPE : ON_SWIFTSHADER,
  budgets: SOFTWARE_GPUS,
});

const lines: string[] = [];
console.log = console.error = (...values: unknown[]) => void lines.push(values.join(' '));
const exit = (code: number): void => {
  const answer = { code, summary: lines.at(-1), failures: lines.slice(0, -1).slice(0, 10) };
  void fetch('/answer', { method: 'POST', body: JSON.stringify(answer) });
};
Object.assign(globalThis, { process: { exit } }); // which the shim ends with
await finish();
