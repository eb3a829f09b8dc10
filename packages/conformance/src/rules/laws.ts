// Laws that hold for all shapes, tried on random ones. The numbers are small integers wherever a law is exact.
import fc from 'fast-check';
import { expect } from 'vitest';
import { type Backend, compose, type DType, Tensor, tiledAttention } from '@siglip-ts/core';
import { budgetOf, distance } from '../budgets.ts';
import { few, type Filling, input, normal, numbers, random } from '../cases/inputs.ts';
import { BINARY, expand, pairs } from '../reference.ts';
import type { Rule } from './rule.ts';

/** Fixed, so that a failure can be repeated. */
const RUNS = { seed: 20250204, numRuns: 30 };

const sizes = (rank: number, max = 4) =>
  fc.array(fc.integer({ min: 1, max }), { minLength: rank, maxLength: rank });
const shapes = fc.integer({ min: 1, max: 5 }).chain((rank) => sizes(rank));
const seeds = fc.integer({ min: 0, max: 1e6 });

/** A tensor of a shape, and its numbers. */
function some(b: Backend, shape: number[], dtype: DType, seed: number, filling: Filling = few) {
  const exact = numbers(input(shape, filling), dtype, random(seed));
  return { exact, tensor: Tensor.from(b, exact.values, shape, dtype) };
}

const law = <T>(arbitrary: fc.Arbitrary<T>, holds: (x: T) => Promise<void>): Promise<void> =>
  fc.assert(fc.asyncProperty(arbitrary, holds), RUNS);

const data = async (x: Tensor): Promise<number[]> => [...(await x.data())];

/** A shape and two that broadcast to it, some axes 1, some in front missing. */
const broadcasting = shapes.chain((out) => {
  const part = fc
    .tuple(fc.array(fc.boolean(), { minLength: out.length, maxLength: out.length }), fc.nat(2))
    .map(([ones, cut]) =>
      out.map((n, i) => (ones[i] ? 1 : n)).slice(Math.min(cut, out.length - 1)),
    );
  return fc.tuple(part, part);
});

/** See above. */
export const LAWS: readonly Rule[] = [
  {
    name: 'law: operands broadcast as if they were expanded',
    run: (b, dtype) =>
      law(fc.record({ shapes: broadcasting, seed: seeds }), async ({ shapes: [p, q], seed }) => {
        const [x, y] = [some(b, p, dtype, seed), some(b, q, dtype, seed + 1)];
        const sum = x.tensor.add(y.tensor);
        const exact = pairs(x.exact, y.exact, BINARY.add);
        expect(sum.shape).toEqual(exact.shape);
        expect(await data(sum)).toEqual([...exact.values]);
        const whole = x.tensor.expand(sum.shape);
        expect(await data(whole)).toEqual([...expand(x.exact, sum.shape).values]);
      }),
  },
  {
    name: 'law: a permutation and its inverse give the same tensor',
    run: (b, dtype) => {
      const turned = fc
        .integer({ min: 1, max: 6 })
        .chain((rank) =>
          fc.tuple(
            sizes(rank, 3),
            fc.shuffledSubarray([...Array(rank).keys()], { minLength: rank }),
          ),
        );
      return law(turned, async ([shape, axes]) => {
        const x = some(b, shape, dtype, 1, normal);
        const inverse = axes.map((_, i) => axes.indexOf(i));
        const back = x.tensor.permute(...axes).permute(...inverse);
        expect(back.shape).toEqual(shape);
        expect(await data(back)).toEqual([...x.exact.values]);
      });
    },
  },
  {
    name: 'law: slice undoes pad, and pad surrounds with zeros',
    run: (b, dtype) => {
      const padded = shapes.chain((shape) =>
        fc.tuple(
          fc.constant(shape),
          fc.array(fc.nat(3), { minLength: shape.length, maxLength: shape.length }),
          fc.array(fc.nat(3), { minLength: shape.length, maxLength: shape.length }),
        ),
      );
      return law(padded, async ([shape, before, after]) => {
        const x = some(b, shape, dtype, 2, (next) => 1 + Math.floor(next() * 9));
        const out = shape.map((n, i) => n + before[i]! + after[i]!);
        const wide = x.tensor.pad(before, out);
        expect(await data(wide.slice(before, shape))).toEqual([...x.exact.values]);
        const filled = (await data(wide)).filter((v) => v !== 0);
        expect(filled).toEqual([...x.exact.values]);
      });
    },
  },
  {
    name: 'law: scatterAdd is the adjoint of take',
    run: (b, dtype) => {
      const tables = fc.record({
        rows: fc.integer({ min: 1, max: 6 }),
        width: fc.integer({ min: 1, max: 5 }),
        ids: fc.array(fc.nat(1000), { minLength: 1, maxLength: 12 }),
        seed: seeds,
      });
      return law(tables, async ({ rows, width, ids, seed }) => {
        const at = ids.map((id) => id % rows);
        const places = Tensor.from(b, at, [at.length], 'int32');
        const table = some(b, [rows, width], dtype, seed);
        const y = some(b, [at.length, width], dtype, seed + 1);
        const taken = await data(table.tensor.take(places));
        const added = await data(y.tensor.scatterAdd(places, [rows, width]));
        const inner = (p: ArrayLike<number>, q: ArrayLike<number>) =>
          Array.from(p).reduce((sum, v, i) => sum + v * q[i]!, 0);
        expect(inner(taken, y.exact.values)).toBe(inner(table.exact.values, added));
      });
    },
  },
  {
    name: 'law: a transposed product is the product of the transposed, in reverse',
    run: (b, dtype) =>
      law(
        fc.tuple(sizes(3, 9), fc.boolean(), fc.boolean()),
        async ([[M, K, N], transA, transB]) => {
          const x = some(b, transA ? [K!, M!] : [M!, K!], dtype, 3).tensor;
          const y = some(b, transB ? [N!, K!] : [K!, N!], dtype, 4).tensor;
          const z = x.matmul(y, { transA, transB });
          const turned = y.matmul(x, { transA: !transB, transB: !transA });
          expect(turned.shape).toEqual([N, M]);
          expect(await data(turned.permute(1, 0))).toEqual(await data(z));
        },
      ),
  },
  {
    name: 'law: tiledAttention is attention, whatever the blocks and the mask',
    run: (b, dtype, how) => {
      const cases = fc.record({
        batch: fc.integer({ min: 1, max: 2 }),
        T: fc.integer({ min: 1, max: 6 }),
        more: fc.integer({ min: 1, max: 9 }), // so S is never T: no zeros at masked queries
        heads: fc.integer({ min: 1, max: 3 }),
        d: fc.integer({ min: 1, max: 9 }),
        block: fc.integer({ min: 1, max: 20 }),
        masked: fc.boolean(),
        seed: seeds,
      });
      return law(cases, async ({ batch, T, more, heads, d, block, masked, seed }) => {
        const [S, D] = [T + more, heads * d];
        const make = (n: number, i: number) =>
          some(b, [batch, n, D], dtype, seed + i, normal).tensor;
        const [q, k, v] = [make(T, 1), make(S, 2), make(S, 3)];
        const coin: Filling = (next) => Number(next() < 0.5);
        const keys = masked ? some(b, [batch, S], dtype, seed, coin).tensor : null;
        const o = { heads, scale: d ** -0.5, keys };
        const whole = await data(compose.attention(q, k, v, o));
        const tiled = await data(tiledAttention(q, k, v, o, block));
        const apart = distance(tiled, whole, dtype, budgetOf('attention', dtype, how.budgets));
        expect(apart.wrong, JSON.stringify(apart)).toBe(-1);
      });
    },
  },
];
