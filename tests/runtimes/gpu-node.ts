// The conformance suite on backend-gpu in Node, in mode webgpu, as a program: its argument is the file of the npm package
// `webgpu`, which gives Node what browsers have as navigator.gpu. Prints the failures and a count.
import { pathToFileURL } from 'node:url';
import { GPU } from 'gpu.js';
import { gpu } from '@siglip-ts/backend-gpu';
import { describeBackend } from '@siglip-ts/conformance';
import { ON_SWIFTSHADER, SOFTWARE_GPUS } from '../conformance/gpu-skips.ts';
import { finish } from '../no-eval/vitest-shim.ts';

interface Webgpu {
  create(options: readonly string[]): object;
  readonly globals: object;
}
const { create, globals } = (await import(pathToFileURL(process.argv[2]!).href)) as Webgpu;
Object.assign(globalThis, globals);
const navigator = { gpu: create([]), hardwareConcurrency: 2 };
Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });

describeBackend('gpu, webgpu', {
  make: () => gpu(GPU, { mode: 'webgpu' }),
  skip: ON_SWIFTSHADER,
  budgets: SOFTWARE_GPUS,
});
await finish();
