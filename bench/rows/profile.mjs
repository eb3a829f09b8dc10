// Where our image tower's time goes: every exported kernel is timed around its calls, on one thread. What no kernel
// took is JavaScript: copies, reshapes, and the model itself. Nothing is compared here.
import { SiglipVisionModel } from 'siglip-ts';
import { wasm } from 'siglip-ts/wasm';
import { ceiling } from '../ceiling.mjs';
import { baseCheckpoint } from '../checkpoint.mjs';
import { numbers } from '../ours.mjs';
import { markdown } from '../table.mjs';

const ROUNDS = 5;

/** Times by a label of each call: the kernel, and for products their shape. */
function timedExports(exports, spent) {
  const wrap =
    (name, kernel) =>
    (...args) => {
      const began = performance.now();
      kernel(...args);
      const took = performance.now() - began;
      const product = name.startsWith('product');
      const label = product ? `${name} ${args[3]}x${args[5]}x${args[4]}` : name; // rows x k x n
      const entry = spent.get(label) ?? { calls: 0, ms: 0, flop: 0 };
      entry.calls++;
      entry.ms += took;
      if (product) entry.flop += 2 * args[3] * args[4] * args[5];
      spent.set(label, entry);
    };
  return Object.fromEntries(
    Object.entries(exports).map(([name, x]) => [name, typeof x === 'function' ? wrap(name, x) : x]),
  );
}

/** A backend whose kernels are timed: the engine's instance is wrapped as it is made. */
async function profiled(spent) {
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (...args) => ({
    exports: timedExports((await instantiate(...args)).exports, spent),
  });
  try {
    return await wasm();
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

async function profileRow(o) {
  const spent = new Map();
  const backend = await profiled(spent);
  const model = await SiglipVisionModel.fromPretrained(await baseCheckpoint(), { backend });
  const pixels = { data: numbers(3 * 224 * 224), shape: [1, 3, 224, 224] };
  const top = await ceiling();
  let rate = 0;
  let best = { total: Infinity };
  await model({ pixel_values: pixels }); // packs the weights
  for (let round = 0; round < (o.quick ? 2 : ROUNDS); round++) {
    spent.clear();
    const began = performance.now();
    await model({ pixel_values: pixels });
    const total = performance.now() - began;
    if (total < best.total) best = { total, spent: structuredClone(spent) };
    rate = Math.max(rate, top.flop / top.run());
  }
  return { contenders: [], absent: [], times: new Map(), lines: [report(best, rate)] };
}

function report({ total, spent }, rate) {
  const share = (ms) => `${((100 * ms) / total).toFixed(1)} %`;
  const rows = [...spent].sort(([, a], [, b]) => b.ms - a.ms);
  const inKernels = rows.reduce((sum, [, { ms }]) => sum + ms, 0);
  return markdown(
    ['kernel', 'calls', 'of the tower', 'of the ceiling'],
    [
      ...rows.map(([label, { calls, ms, flop }]) => [
        label,
        String(calls),
        share(ms),
        flop ? `${Math.round((100 * flop) / ms / rate)} %` : '',
      ]),
      ['JavaScript', '', share(total - inKernels), ''],
    ],
  );
}

export const rows = [
  { name: 'profile', title: 'where the image tower spends its time', run: profileRow },
];
