// The linear layer 196x768 → 768 on backend-gpu in the modes of GPU.js that run in Node, beside the engine. A mode
// that does not run here is listed as absent.
import { GPU } from 'gpu.js';
import { gpu } from '@siglip-ts/backend-gpu';
import { linear } from '@siglip-ts/core';
import { agreeing, interleave } from '../measure.mjs';
import { BACKENDS, fromArrays, numbers } from '../ours.mjs';
import { gather } from '../peers.mjs';

const [M, K, N] = [196, 768, 768];
const MODES = ['webasm', 'cpu', 'headlessgl', 'webgpu'];

async function run(o) {
  const inputs = [
    { values: numbers(M * K), shape: [M, K] },
    { values: numbers(N * K, 2), shape: [N, K], isWeight: true },
  ];
  const on = (make) => async () => ({
    run: fromArrays(await make(), inputs, (x, w) => linear(x, w, null)),
  });
  const modes = MODES.map((mode) => [`gpu ${mode}`, on(() => gpu(GPU, { mode }))]);
  const { contenders, absent } = await gather({
    wasm: on(() => BACKENDS.wasm(o)),
    ...Object.fromEntries(modes),
  });
  const timed = (await agreeing(contenders, absent)).map((c) => ({ ...c, flop: 2 * M * N * K }));
  const times = await interleave(timed, { rounds: o.quick ? 3 : 10, warmup: 1 });
  const lines = ['A GPU in software, if there is one here, says nothing about a real GPU.'];
  return { contenders: timed, absent, times, lines };
}

export const rows = [{ name: 'gpu', title: 'linear layer 196x768 → 768 on GPU.js', run }];
