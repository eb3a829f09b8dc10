// What @siglip-ts/image makes of every file of a folder, in the lines of outcomes.py beside it, to be compared with `diff`.
// Files that take longer than --slow milliseconds are named on stderr. The package must be built.
//
//     node tools/fuzz/outcomes.mjs FOLDER [--pad] [--kernels] [--slow 1000] > ours.txt
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pixelKernels } from '@siglip-ts/backend-wasm/pixels';
import { decodeImage } from '@siglip-ts/image';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pad: { type: 'boolean', default: false },
    kernels: { type: 'boolean', default: false },
    slow: { type: 'string', default: '1000' },
  },
});
const [folder] = positionals;
const options = {
  truncated: values.pad ? 'pad' : 'error',
  kernels: values.kernels ? pixelKernels() : undefined,
};

function outcome(bytes) {
  try {
    const { mode, width, height, data } = decodeImage(bytes, options);
    const samples = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const sum = createHash('sha256').update(samples).digest('hex').slice(0, 32);
    return `${mode}-${width}x${height}-${sum}`;
  } catch {
    return 'error';
  }
}

for (const name of readdirSync(folder).sort()) {
  const bytes = new Uint8Array(readFileSync(join(folder, name)));
  const begin = performance.now();
  console.log(name, outcome(bytes));
  const ms = performance.now() - begin;
  if (ms > Number(values.slow)) console.error(`${name}: ${ms.toFixed(0)} ms`);
}
