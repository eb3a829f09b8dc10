// Kernels are called by name: what is missing or misspelt does not compile, and what is right arrives in its place.
import { expect, test } from 'vitest';
import { call, inOrder, kernel } from '../../packages/backend-wasm/src/assembler/kernel.ts';
import type { Dispatch } from '../../packages/backend-wasm/src/engine/dispatch.ts';
import { ATTENTION } from '../../packages/backend-wasm/src/kernels/attention.ts';

const SCALED = kernel('scaled', 'y x n by', 'by');

test('arguments go in the order of the signature, however they are written', () => {
  const calls: number[][] = [];
  call({ scaled: (...args) => calls.push(args) }, SCALED, { by: 4, n: 3, x: 2, y: 1 });
  expect(calls).toEqual([[1, 2, 3, 4]]);
  expect(SCALED).toEqual({ name: 'scaled', args: ['y', 'x', 'n', 'by'], float: 'by' });
});

test('names are checked by the compiler', () => {
  const args = { y: 1, x: 2, n: 3, by: 4 };
  // @ts-expect-error the float is none of the arguments
  kernel('scaled', 'y x n', 'by');
  // @ts-expect-error n is missing
  inOrder(SCALED, { y: 1, x: 2, by: 4 });
  // @ts-expect-error m is none
  inOrder(SCALED, { y: 1, x: 2, n: 3, by: 4, m: 5 });

  const neverCalled = (d: Dispatch) => {
    const job = { kernel: SCALED, args, block: 1 };
    d.split({ ...job, rows: 'n', steps: { y: 1 } });
    // @ts-expect-error rows is none of its arguments
    d.split({ ...job, rows: 'rows', steps: { y: 1 } });
    // @ts-expect-error z is none
    d.split({ ...job, rows: 'n', steps: { z: 1 } });
    // @ts-expect-error by is missing
    d.split({ kernel: SCALED, args: { y: 1, x: 2, n: 3 }, rows: 'n', block: 1, steps: {} });
    d.eachNumber(SCALED, args, { y: 1 });
    // @ts-expect-error m for n
    d.eachNumber(SCALED, { y: 1, x: 2, m: 3, by: 4 }, { y: 1 });
    // @ts-expect-error z is none
    d.eachNumber(SCALED, args, { z: 1 });
    // @ts-expect-error it has no rows
    d.eachRow(SCALED, args, { y: 1 });
    const heads = { mask: 0, heads: 1, T: 1, S: 1, d: 1, D: 1, scale: 1, tile: 0 };
    d.eachHead(ATTENTION, { y: 1, q: 1, k: 1, v: 1 }, heads, 1, { y: 1 }, 1);
    // @ts-expect-error v is missing
    d.eachHead(ATTENTION, { y: 1, q: 1, k: 1 }, heads, 1, { y: 1 }, 1);
  };
  expect(neverCalled).toBeTypeOf('function');
});
