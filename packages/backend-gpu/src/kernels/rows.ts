// softmax and layerNorm over rows [rows, n], in three kernels each where the definitions take five and eleven: two that
// give one number a row, and one that uses both.
//
//   softmax    m = max x     t = Σ e^(x - m)             y = e^(x - m) / t
//   layerNorm  m = Σ x / n   s = √(Σ (x - m)² / n + eps)   y = (x - m) / s w + b
import { type Program, program, quotient, summed, THREAD } from './program.ts';
import { largest } from './reduce.ts';

/** One thread a row. */
const perRow = (inputs: string, rows: number, n: number, lines: string): Program =>
  program(inputs, rows, `const from = ${THREAD} * ${n};\n${lines}`);

/** One thread a number: r is its row. */
const perNumber = (inputs: string, rows: number, n: number, lines: string): Program =>
  program(inputs, rows * n, `const r = ${quotient(THREAD, n)};\n${lines}`);

const at = (k: string) => `x[from + ${k}]`;

export const softmax = (rows: number, n: number) => ({
  max: perRow('x', rows, n, `${largest(n, at)}\nreturn total;`),
  sum: perRow(
    'x, m',
    rows,
    n,
    `const most = m[${THREAD}];\n${summed(n, (k) => `Math.exp(${at(k)} - most)`)}\nreturn total;`,
  ),
  result: perNumber('x, m, t', rows, n, `return Math.exp(x[${THREAD}] - m[r]) / t[r];`),
});

export const layerNorm = (rows: number, n: number, eps: number) => ({
  mean: perRow('x', rows, n, `${summed(n, at)}\nreturn total / ${n};`),
  deviation: perRow(
    'x, m',
    rows,
    n,
    `const mean = m[${THREAD}];
${summed(n, (k) => `(${at(k)} - mean) * (${at(k)} - mean)`)}
return Math.sqrt(total / ${n} + ${eps});`,
  ),
  result: perNumber(
    'x, m, s, w, b',
    rows,
    n,
    `const column = ${THREAD} - r * ${n};
return (x[${THREAD}] - m[r]) / s[r] * w[column] + b[column];`,
  ),
});
