// From nothing to a first result, and the most memory it took: both towers from the disk, each time in a new process.
// Where the time goes after that is in the other rows.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { hasRelaxed } from '../ceiling.mjs';
import { baseCheckpoint, exported } from '../checkpoint.mjs';
import { interleave, median } from '../measure.mjs';
import { gather, ortNode, ortWeb } from '../peers.mjs';

const LOADER = join(import.meta.dirname, 'load-child.mjs');

/** One load in a child: milliseconds from before the import to the first result, and its peak memory. */
function loaded(who, o) {
  return new Promise((resolve, reject) => {
    const child = fork(LOADER, [who, JSON.stringify(o)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let errors = '';
    child.stderr.on('data', (text) => (errors += text));
    child.once('message', resolve);
    child.once('exit', () => reject(new Error(errors.trim().split('\n').at(-1) || 'no result')));
  });
}

async function loadRow(o) {
  await baseCheckpoint();
  const peaks = new Map();
  const contender = (who, check) => async () => {
    await check?.();
    await loaded(who, o); // also fills the page cache
    peaks.set(who, []);
    const run = async () => {
      const { ms, peak } = await loaded(who, o);
      peaks.get(who).push(peak);
      return ms;
    };
    return { run };
  };
  const isExported = (load) => async () => {
    await load(o);
    exported('text_model.onnx');
  };
  const { contenders, absent } = await gather({
    wasm: contender('wasm'),
    'wasm float16': contender('wasm float16'),
    'onnxruntime-web': contender('onnxruntime-web', isExported(ortWeb)),
    'onnxruntime-node': contender('onnxruntime-node', isExported(ortNode)),
  });
  const times = await interleave(contenders, { rounds: o.quick ? 1 : 5, warmup: 0 });
  for (const c of contenders)
    c.note = `peak memory ${Math.round(median(peaks.get(c.name)) / 1e6)} MB`;
  return { contenders, absent, times };
}

export const rows = [
  { name: 'load', title: 'both towers, from the disk to the first result', run: loadRow },
];
