// What every kernel here is: its source as a string, since minifiers and Hermes destroy the text of functions, and how
// many numbers it gives. Also the pieces that sources are made of. All sizes are literals in the source: gpu.js cuts
// loops that an argument bounds at 1000 rounds, in every mode and without a word.
import { type Shape, size } from '@siglip-ts/core';

/** One thread for every number of a flat result. */
export interface Program {
  readonly source: string;
  readonly length: number;
}

export const program = (inputs: string, length: number, lines: string): Program => ({
  source: `function (${inputs}) {\n${lines}\n}`,
  length,
});

/** The number that this thread gives. */
export const THREAD = 'this.thread.x';

/**
 * floor(i / n) as lines may say it: i is a whole number, and half of one keeps the quotient clear of the next integer
 * where division is not correctly rounded, as on GPUs. Good for results of up to `LARGEST` numbers.
 */
export const quotient = (i: string, n: number | string): string =>
  `Math.floor((${i} + 0.5) / ${n})`;

/** Above, i + 0.5 is no float32. */
export const LARGEST = 2 ** 23;

/** Lines that set c0, c1, …: the coordinates, in a result of this shape, of what the thread gives. */
export function coordinates(shape: Shape): string {
  const lines: string[] = [];
  let rest = THREAD;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const n = shape[axis]!;
    if (n === 1) lines.push(`const c${axis} = 0;`);
    else if (size(shape.slice(0, axis)) === 1) lines.push(`const c${axis} = ${rest};`);
    else {
      lines.push(
        `const q${axis} = ${quotient(rest, n)};`,
        `const c${axis} = ${rest} - q${axis} * ${n};`,
      );
      rest = `q${axis}`;
    }
  }
  return lines.join('\n');
}

/** offset + Σ c_i strides_i */
export const place = (strides: readonly number[], offset = 0): string =>
  [String(offset), ...strides.flatMap((s, i) => (s === 0 ? [] : [`c${i} * ${s}`]))].join(' + ');

/** Numbers that are added up before they join the total: rounding errors grow with the length of a chain. */
const BLOCK = 64;

/** Lines that set `total` to the sum of term(k) for k below n. */
export function summed(n: number, term: (k: string) => string): string {
  const blocks = Math.floor(n / BLOCK);
  const done = blocks * BLOCK;
  return `let total = 0;
${
  blocks === 0
    ? ''
    : `for (let block = 0; block < ${blocks}; block++) {
  let part = 0;
  for (let k = 0; k < ${BLOCK}; k++) part += ${term(`(block * ${BLOCK} + k)`)};
  total += part;
}`
}
${
  done === n
    ? ''
    : `let tail = 0;
for (let k = ${done}; k < ${n}; k++) tail += ${term('k')};
total += tail;`
}`;
}
