// The cases of what only moves values, of every dtype: permutations, blocks, repeats, rows; and of casts.
import type { DType } from '@siglip-ts/core';
import * as exact from '../reference.ts';
import { type Case, show } from './case.ts';
import { below, type CaseInput, ids, input, listed, spread } from './inputs.ts';

const MOVED: readonly CaseInput['dtype'][] = ['float', 'int32', 'float16', 'bfloat16'];

const PERMUTED: [readonly number[], readonly number[]][] = [
  [[5], [0]],
  [
    [3, 7],
    [1, 0],
  ],
  [
    [3, 7],
    [0, 1],
  ],
  [
    [2, 3, 5],
    [2, 0, 1],
  ],
  [
    [2, 5, 3, 7],
    [0, 2, 1, 3],
  ],
  [
    [2, 3, 2, 3, 2],
    [4, 2, 0, 3, 1],
  ],
  [
    [2, 3, 4, 2, 3, 2],
    [0, 2, 4, 1, 3, 5],
  ],
  [
    [2, 3, 1, 2, 3, 2],
    [5, 3, 1, 4, 2, 0],
  ],
];
const BLOCKS: [whole: readonly number[], begin: readonly number[], part: readonly number[]][] = [
  [[7], [2], [3]],
  [[7], [0], [7]],
  [
    [5, 6],
    [4, 0],
    [1, 6],
  ],
  [
    [3, 4, 5],
    [1, 0, 2],
    [2, 4, 3],
  ],
  [
    [2, 3, 2, 3, 2],
    [1, 1, 0, 2, 1],
    [1, 2, 2, 1, 1],
  ],
  [
    [4, 3],
    [2, 1],
    [0, 2],
  ],
];
const EXPANDED: [readonly number[], readonly number[]][] = [
  [[1], [5]],
  [
    [3, 1],
    [3, 4],
  ],
  [
    [1, 1, 7],
    [4, 1, 7],
  ],
  [[5], [2, 3, 5]],
  [[], [2, 2]],
];

const moves: Case[] = MOVED.flatMap((dtype): Case[] => {
  const moved = {
    op: 'move' as const,
    ...(dtype !== 'float' && { dtype }),
  };
  const source = (shape: readonly number[]) =>
    input(shape, dtype === 'int32' ? below(2 ** 31) : spread, dtype);
  const of = dtype === 'float' ? '' : ` of ${dtype}`;
  return [
    ...PERMUTED.map(([shape, axes]): Case => ({
      name: `permute ${show(shape, axes)}${of}`,
      ...moved,
      inputs: [source(shape)],
      run: (x) => x.permute(...axes),
      exact: (x) => exact.permute(x, axes),
    })),
    ...BLOCKS.flatMap(([whole, begin, part]): Case[] => [
      {
        name: `slice ${show(whole, begin, part)}${of}`,
        ...moved,
        inputs: [source(whole)],
        run: (x) => x.slice(begin, part),
        exact: (x) => exact.slice(x, begin, part),
      },
      {
        name: `pad ${show(part, begin, whole)}${of}`,
        ...moved,
        inputs: [source(part)],
        run: (x) => x.pad(begin, whole),
        exact: (x) => exact.pad(x, begin, whole),
      },
    ]),
    ...EXPANDED.map(([from, to]): Case => ({
      name: `expand ${show(from, to)}${of}`,
      ...moved,
      inputs: [source(from)],
      run: (x) => x.expand(to),
      exact: (x) => exact.expand(x, to),
    })),
    ...(
      [
        [[5], [3]],
        [
          [11, 7],
          [2, 5],
        ],
        [[3, 2, 2], [1]],
        [[4, 3], []],
        [[4, 3], [0]],
      ] as [number[], number[]][]
    ).map(([table, which]): Case => ({
      name: `take ${show(table, which)}${of}`,
      ...moved,
      inputs: [source(table), ids(which, below(table[0]!))],
      run: (x, i) => x.take(i),
      exact: exact.take,
    })),
  ];
});

const SCATTERED: [rows: number[], ids: number[], out: number[]][] = [
  [[5], [5], [3]],
  [
    [2, 6, 5],
    [2, 6],
    [3, 5],
  ], // twelve rows for three places
  [[7, 2, 3], [7], [1, 2, 3]],
  [[1, 4], [1], [9, 4]],
  [[0, 4], [0], [2, 4]],
];
const scatters: Case[] = SCATTERED.map(([rows, which, out]) => ({
  name: `scatterAdd ${show(rows)} by ${show(which)} into ${show(out)}`,
  op: 'scatterAdd',
  inputs: [input(rows), ids(which, below(out[0]!))],
  run: (x, i) => x.scatterAdd(i, out),
  exact: (x, i) => exact.scatterAdd(i, x, out),
}));

// ---- casts

const DTYPES: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16', 'int32'];
/** Within every dtype's range; among them ties of both half types, and numbers too small for float16. */
const CASTED = [
  0, 1, -1, 2.5, -2.5, 0.1, -3.75, 1000.6, 2049, 2051, 257, 259, 65504, -12345, 1e-7, 3e-8,
];
/** Numbers that overflow float16 or vanish in it. */
const EXTREME = [
  65519,
  65520,
  -65536,
  1e-9,
  6e-8,
  3.0517578125e-5,
  3.39e38,
  1e-40,
  Infinity,
  -Infinity,
  NaN,
];

/** Every dtype passes through float32 on its way to a half type, as in torch. */
const casted = (x: exact.Exact, to: DType): exact.Exact =>
  exact.each(x, (v) => {
    const half = to === 'float16' || to === 'bfloat16';
    return exact.nearest(half ? Math.fround(v) : v, to);
  });

const casts: Case[] = DTYPES.flatMap((from) =>
  DTYPES.flatMap((to): Case[] => {
    const make = (name: string, values: number[]): Case => ({
      name,
      op: 'cast',
      dtype: to,
      inputs: [input([values.length], listed(...values), from)],
      run: (x) => x.cast(to),
      exact: (x) => casted(x, to),
    });
    const usual = make(`cast ${from} to ${to}`, CASTED);
    if (from === 'int32' || to === 'int32') return [usual];
    return [usual, make(`cast ${from} to ${to}, far out`, EXTREME)];
  }),
);

/** See above. */
export const movement: readonly Case[] = [...moves, ...scatters, ...casts];
