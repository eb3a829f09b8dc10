// The libraries that the benchmark compares with, from bench/peers/node_modules, on as many threads as ours
// (tfjs and jax-js: one). One that is not
// installed or does not run here gives a reason instead of a contender: nothing fails for want of a peer.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = join(import.meta.dirname, 'peers');
const { resolve } = createRequire(join(folder, 'package.json'));

/** Why something is missing from a row. */
export class Absent extends Error {}

/** The contenders that could be made, and why the others could not. */
export async function gather(makers) {
  const contenders = [];
  const absent = [];
  for (const [name, make] of Object.entries(makers))
    try {
      contenders.push({ name, ...(await make()) });
    } catch (error) {
      absent.push({ name, why: String(error.message ?? error).split('\n')[0] });
    }
  return { contenders, absent };
}

async function load(name, file = resolved(name)) {
  return import(pathToFileURL(file).href);
}

function resolved(name) {
  if (!existsSync(join(folder, 'node_modules')))
    throw new Absent('not installed: npm run bench:peers');
  return resolve(name);
}

/** onnxruntime-web's WebAssembly build, in this process. */
export async function ortWeb({ threads }) {
  const ort = (await load('onnxruntime-web')).default;
  ort.env.wasm.numThreads = threads;
  return onnx(ort, { executionProviders: ['wasm'] });
}

/** onnxruntime-node: native code. */
export async function ortNode({ threads }) {
  const ort = (await load('onnxruntime-node')).default;
  return onnx(ort, { intraOpNumThreads: threads, interOpNumThreads: 1 });
}

/** `open(model)`: a file or bytes as a function from named { data, shape } to named typed arrays. */
function onnx(ort, options) {
  return {
    async open(model) {
      const session = await ort.InferenceSession.create(model, options);
      return {
        async run(inputs) {
          const feeds = Object.entries(inputs).map(([name, { data, shape }]) => [
            name,
            new ort.Tensor(data instanceof BigInt64Array ? 'int64' : 'float32', data, shape),
          ]);
          const found = await session.run(Object.fromEntries(feeds));
          return Object.fromEntries(Object.entries(found).map(([name, t]) => [name, t.data]));
        },
        close: () => session.release(),
      };
    },
  };
}

export async function tfjs() {
  const tf = await load('@tensorflow/tfjs-core');
  const name = '@tensorflow/tfjs-backend-wasm';
  const { setWasmPaths } = await load(name);
  setWasmPaths(`${dirname(resolved(name))}/`);
  if (!(await tf.setBackend('wasm'))) throw new Absent('its wasm backend does not start here');
  await tf.ready();
  return tf;
}

export async function jax() {
  // ONNX Runtime puts a Worker there, and jax-js would then start one from a blob, which Node refuses.
  delete globalThis.Worker;
  const library = await load('@jax-js/jax');
  await library.init('wasm');
  library.defaultDevice('wasm');
  return library;
}

/** transformers.js on its native runtime, which is its default in Node. */
export async function transformersJs() {
  const node = resolved('@huggingface/transformers').replace(/\.cjs$/, '.mjs');
  const library = await load('@huggingface/transformers', node);
  library.env.allowRemoteModels = false;
  library.env.allowLocalModels = true;
  return library;
}

export const jpegJs = async () => (await load('jpeg-js')).default;
