// How near each tile of the product comes to the ceiling in the engine that runs this: `node bench/tiles.mjs`, `bun
// bench/tiles.mjs`, or in a browser by in-browser.mjs. Alone, from the first caches: what a model's products lose to memory is
// in the rows.
import { kernels } from '@siglip-ts/backend-wasm';
import { ceiling, ceilingWithLoads } from './ceiling.mjs';

const [M, K, N] = [196, 768, 768];
const FLOP = 2 * M * K * N;
const ROUNDS = 30;

/** A contender for each tile of a variant. Where things lie is only wide enough. */
async function tilesOf(name, variant) {
  const bytes = kernels(variant);
  if (!WebAssembly.validate(bytes)) return [];
  const memory = new WebAssembly.Memory({ initial: 256 });
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  const { exports } = instance;
  new Float32Array(memory.buffer).fill(0.37);
  const a = 65536;
  const b = a + 4 * M * K;
  const c = b + 4 * K * N;
  const room = c + 4 * M * N;
  const count = Object.keys(exports).filter((name) => name.startsWith('panel')).length;
  // c a b rows n k bias cStride room scales aStride tile
  const run = (tile) => () => exports.product(c, a, b, M, N, K, 0, N, room, 0, K, tile);
  return Array.from({ length: count }, (_, tile) => ({
    name: `${name}, tile ${tile}`,
    flop: FLOP,
    run: run(tile),
  }));
}

/** Lines "name  Gflop/s  share of the ceiling". */
export async function tiles() {
  const all = [
    await ceiling(),
    await ceilingWithLoads(),
    ...(await tilesOf('plain', {})),
    ...(await tilesOf('relaxed', { relaxed: true })),
  ];
  const best = all.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, { run }] of all.entries()) {
      for (let times = 0; times < 3; times++) {
        const began = performance.now();
        const own = run();
        best[i] = Math.min(best[i], own ?? performance.now() - began);
      }
    }
  const rates = all.map(({ flop }, i) => flop / best[i] / 1e6);
  return all.map(
    ({ name }, i) =>
      `${name.padEnd(20)} ${rates[i].toFixed(1).padStart(6)}  ${Math.round((100 * rates[i]) / rates[0])} %`,
  );
}

if (!globalThis.document) {
  const { bun, v8 } = globalThis.process?.versions ?? {};
  console.log(bun ? `Bun ${bun}` : `Node ${process.version}, V8 ${v8}`);
  for (const line of await tiles()) console.log(line);
}
