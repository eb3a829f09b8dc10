// What all rows of one operation have in common: our backends, ONNX Runtime's node for it, other peers, the ceiling.
import { ceiling, ceilingWithLoads } from '../ceiling.mjs';
import { agreeing, interleave } from '../measure.mjs';
import { oneNode } from '../onnx.mjs';
import { BACKENDS, fromArrays, kernelAlone } from '../ours.mjs';
import { gather, ortNode, ortWeb } from '../peers.mjs';

/**
 * @param {object} row
 * @param {import('../ours.mjs').Input[]} row.inputs
 * @param {(...tensors) => Tensor} row.op
 * @param {object} [row.graph] The same as an ONNX node: { op, inputs, shape, attributes, domain }.
 * @param {Record<string, () => Promise<{ run }>>} [row.peers] Others.
 * @param {number} [row.flop] Floating-point operations, to be printed as a fraction of the ceiling.
 */
export async function kernelRow({ inputs, op, graph, peers = {}, flop }, o) {
  const backend = (name) => async () => {
    const b = await BACKENDS[name](o);
    return { run: fromArrays(b, inputs, op) };
  };
  const runtime = (load) => async () => {
    const { inputs: feeds, shape, attributes, domain } = graph;
    const session = await (await load(o)).open(oneNode(graph.op, feeds, shape, attributes, domain));
    const given = Object.fromEntries(
      feeds.filter((i) => !i.values).map((i) => [i.name, { data: i.data, shape: i.shape }]),
    );
    return { run: async () => (await session.run(given)).y };
  };
  const { contenders, absent } = await gather({
    wasm: backend('wasm'),
    'wasm relaxed': backend('wasm relaxed'),
    'wasm, kernel alone': async () => ({
      run: kernelAlone(await BACKENDS.wasm(o), inputs, op),
    }),
    cpu: backend('cpu'),
    ...(graph && { 'onnxruntime-web': runtime(ortWeb), 'onnxruntime-node': runtime(ortNode) }),
    ...peers,
  });
  const timed = (await agreeing(contenders, absent)).map((c) => (flop ? { ...c, flop } : c));
  if (flop) timed.push(await ceiling(), await ceilingWithLoads());
  const times = await interleave(timed, { rounds: o.quick ? 5 : 20, warmup: o.quick ? 2 : 4 });
  return { contenders: timed, absent, times };
}
