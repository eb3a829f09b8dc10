// What all rows of one operation have in common: our backends, ONNX Runtime's node for it, other peers, the ceiling.
import { ceiling } from '../ceiling.mjs';
import { interleave, mustAgree } from '../measure.mjs';
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
export async function kernelRow({ inputs, op, graph, peers = {}, flop }, { quick }) {
  const backend = (name) => async () => {
    const b = await BACKENDS[name]();
    return { run: fromArrays(b, inputs, op) };
  };
  const runtime = (load) => async () => {
    const { inputs: feeds, shape, attributes, domain } = graph;
    const session = await (await load()).open(oneNode(graph.op, feeds, shape, attributes, domain));
    const given = Object.fromEntries(
      feeds.filter((i) => !i.values).map((i) => [i.name, { data: i.data, shape: i.shape }]),
    );
    return { run: async () => (await session.run(given)).y };
  };
  const { contenders, absent } = await gather({
    wasm: backend('wasm'),
    'wasm relaxed': backend('wasm relaxed'),
    'wasm, kernel alone': async () => ({
      run: kernelAlone(await BACKENDS.wasm(), inputs, op),
    }),
    cpu: backend('cpu'),
    ...(graph && { 'onnxruntime-web': runtime(ortWeb), 'onnxruntime-node': runtime(ortNode) }),
    ...peers,
  });
  const timed = (await agreeing(contenders, absent)).map((c) => (flop ? { ...c, flop } : c));
  if (flop) timed.push(await ceiling());
  const times = await interleave(timed, { rounds: quick ? 5 : 20, warmup: quick ? 2 : 4 });
  return { contenders: timed, absent, times };
}

/** Those that compute what the first one computes; the others move to `absent`. */
async function agreeing(contenders, absent) {
  const expected = await contenders[0].run();
  const kept = [];
  for (const contender of contenders)
    try {
      const found = await contender.run();
      if (found) mustAgree(contender.name, found, expected);
      kept.push(contender);
    } catch (error) {
      absent.push({ name: contender.name, why: String(error.message).split('\n')[0] });
    }
  return kept;
}
