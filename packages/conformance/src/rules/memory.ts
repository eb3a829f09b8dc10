// The rules of memory that every backend keeps: what is copied, what lives how long, and that call order counts.
import { expect } from 'vitest';
import {
  type Backend,
  type DType,
  type Handle,
  type Mark,
  type Shape,
  Tensor,
} from '@siglip-ts/core';
import type { Rule } from './rule.ts';

const values = async (x: Tensor): Promise<number[]> => [...(await x.data())];
const gone = /release|freed/;

/** Runs a block between a mark and its release, which are what ends a late failure too. */
async function bracketed(b: Backend, block: (since: Mark) => Promise<void>): Promise<void> {
  const since = b.mark();
  try {
    await block(since);
  } finally {
    b.release(since, []);
  }
}

/** See above. */
export const MEMORY: readonly Rule[] = [
  {
    name: 'upload copies the array',
    async run(b, dtype) {
      const array = dtype === 'float64' ? Float64Array.of(1, 2, 3) : Float32Array.of(1, 2, 3);
      const x = new Tensor(b, [3], dtype, b.upload(array, [3], dtype));
      array.fill(9);
      expect(await values(x)).toEqual([1, 2, 3]);
    },
  },
  {
    name: 'read gives a copy',
    async run(b, dtype) {
      const x = Tensor.from(b, [1, 2, 3], [3], dtype);
      (await b.read(x)).fill(9);
      expect(await values(x)).toEqual([1, 2, 3]);
    },
  },
  {
    name: 'read is a snapshot of the moment of the call',
    async run(b, dtype) {
      const weight = Tensor.constant(b, [1, 2, 3], [3], dtype);
      const before = values(weight);
      b.assign(weight, Tensor.from(b, [4, 5, 6], [3], dtype));
      const after = values(weight);
      expect([await before, await after]).toEqual([
        [1, 2, 3],
        [4, 5, 6],
      ]);
    },
  },
  {
    name: 'assign is seen by products that have used the weight before',
    async run(b, dtype) {
      const x = Tensor.from(b, [1, 10], [1, 2], dtype);
      const weight = Tensor.constant(b, [1, 2, 3, 4], [2, 2], dtype);
      const linear = () => {
        const fused = b.fused?.linear?.(x, weight, null, null, [1, 2]);
        return fused ? x.made([1, 2], fused) : x.matmul(weight, { transB: true });
      };
      const before = [x.matmul(weight), linear()].map(values);
      b.assign(weight, Tensor.from(b, [5, 6, 7, 8], [2, 2], dtype));
      const after = [x.matmul(weight), linear()].map(values);
      expect(await Promise.all(before)).toEqual([
        [31, 42],
        [21, 43],
      ]);
      expect(await Promise.all(after)).toEqual([
        [75, 86],
        [65, 87],
      ]);
    },
  },
  {
    name: 'assign copies: its source may go',
    run: (b, dtype) =>
      bracketed(b, async () => {
        const weight = Tensor.constant(b, [1, 2], [2], dtype);
        const since = b.mark();
        b.assign(weight, Tensor.from(b, [3, 4], [2], dtype));
        b.release(since, []);
        await churn(b, dtype);
        expect(await values(weight)).toEqual([3, 4]);
      }),
  },
  {
    name: 'assign changes no earlier result, however little the operation did',
    async run(b, dtype) {
      const weight = Tensor.constant(b, [1, 2, 3, 4, 5, 6], [2, 3], dtype);
      const o = { ...operands(b, dtype, Tensor.from), x: weight };
      const results = everyOperation(b, o, dtype);
      const before = await Promise.all(results.map(values));
      b.assign(weight, Tensor.from(b, [9, 9, 9, 9, 9, 9], [2, 3], dtype));
      expect(await Promise.all(results.map(values))).toEqual(before);
    },
  },
  {
    name: 'free gives up one constant and no other',
    async run(b, dtype) {
      const [x, y] = [
        [1, 2],
        [3, 4],
      ].map((v) => Tensor.constant(b, v, [2], dtype));
      const sum = x!.add(y!); // was called before: sees both
      b.free(x!);
      await churn(b, dtype);
      expect(await values(y!)).toEqual([3, 4]);
      expect(await values(sum)).toEqual([4, 6]);
    },
  },
  {
    name: 'use of a constant after free says so',
    run: (b, dtype) =>
      bracketed(b, async () => {
        const x = Tensor.constant(b, [1, 2], [2], dtype);
        b.free(x);
        await expect(async () => x.neg().data()).rejects.toThrow(gone);
      }),
  },
  {
    name: 'release keeps what is older, and constants',
    run: (b, dtype) =>
      bracketed(b, async () => {
        const older = Tensor.from(b, [1, 2], [2], dtype);
        const since = b.mark();
        const weight = Tensor.constant(b, [3, 4], [2], dtype);
        older.add(weight);
        b.release(since, []);
        await churn(b, dtype);
        expect(await values(older)).toEqual([1, 2]);
        expect(await values(weight)).toEqual([3, 4]);
      }),
  },
  {
    name: 'release lets go of what is younger',
    async run(b, dtype) {
      for (const use of [(x: Tensor) => x.neg().data(), (x: Tensor) => x.data()])
        await bracketed(b, async () => {
          const since = b.mark();
          const younger = Tensor.from(b, [1, 2], [2], dtype);
          b.release(since, []);
          await expect(async () => use(younger)).rejects.toThrow(gone);
        });
    },
  },
  {
    name: 'release keeps what it is told to, whatever it was made of',
    run: (b, dtype) =>
      bracketed(b, async () => {
        const since = b.mark();
        const x = Tensor.from(b, [1, 2, 3, 4], [2, 2], dtype);
        const product = x.matmul(x);
        const kept = product.add(x);
        b.release(since, [kept.handle]);
        await churn(b, dtype);
        expect(await values(kept)).toEqual([8, 12, 18, 26]);
        expect(await values(kept.mul(2))).toEqual([16, 24, 36, 52]);
      }),
  },
  {
    name: 'what is kept joins the enclosing mark',
    run: (b, dtype) =>
      bracketed(b, async () => {
        const outer = b.mark();
        const inner = b.mark();
        const kept = Tensor.from(b, [1, 2], [2], dtype);
        b.release(inner, [kept.handle]);
        expect(await values(kept)).toEqual([1, 2]);
        b.release(outer, []);
        await expect(async () => kept.data()).rejects.toThrow(gone);
      }),
  },
  {
    name: 'release of an outer mark ends the inner ones',
    run: (b, dtype) =>
      bracketed(b, async () => {
        const outer = b.mark();
        const x = Tensor.from(b, [1, 2], [2], dtype);
        b.mark();
        const y = x.neg();
        b.release(outer, [y.handle]);
        await churn(b, dtype);
        expect(await values(y)).toEqual([-1, -2]);
      }),
  },
  {
    name: 'keep may hold duplicates, constants and older handles',
    run: (b, dtype) =>
      bracketed(b, async () => {
        const older = Tensor.from(b, [1, 2], [2], dtype);
        const weight = Tensor.constant(b, [3, 4], [2], dtype);
        const since = b.mark();
        const x = older.add(weight);
        b.release(
          since,
          [x, older, weight, x.reshape([2, 1]), x].map((t) => t.handle),
        );
        await churn(b, dtype);
        expect(await Promise.all([x, older, weight].map(values))).toEqual([
          [4, 6],
          [1, 2],
          [3, 4],
        ]);
      }),
  },
  {
    name: 'one mark may be released again and again',
    run: (b, dtype) =>
      bracketed(b, async () => {
        const input = Tensor.from(b, [1, 2], [2], dtype);
        const since = b.mark();
        let x = input;
        for (let layer = 0; layer < 4; layer++) {
          x = x.mul(3).add(input).sub(1);
          b.release(since, [x.handle]);
        }
        await churn(b, dtype);
        expect(await values(x)).toEqual([81, 202]);
        expect(await values(input)).toEqual([1, 2]);
      }),
  },
  {
    name: 'every operation gives a new handle, even where nothing changes',
    async run(b, dtype) {
      const o = operands(b, dtype, Tensor.from);
      const results = everyOperation(b, o, dtype);
      const handles = [...Object.values(o), ...results].map((t): Handle => t.handle);
      expect(new Set(handles).size).toBe(handles.length);
    },
  },
  {
    name: 'constants are legal in every operation',
    async run(b, dtype) {
      const [uploaded, constant] = [Tensor.from, Tensor.constant].map((make) =>
        everyOperation(b, operands(b, dtype, make), dtype),
      );
      expect(await Promise.all(constant!.map(values))).toEqual(
        await Promise.all(uploaded!.map(values)),
      );
    },
  },
  {
    name: 'no method uses `this`',
    async run(b, dtype) {
      const detached = withoutThis(b);
      const x = operands(detached, dtype, Tensor.from);
      expect(everyOperation(detached, x, dtype).length).toBeGreaterThan(15);
      const weight = Tensor.constant(detached, [1], [1], dtype);
      detached.assign(weight, Tensor.from(detached, [2], [1], dtype));
      expect(await values(weight)).toEqual([2]);
      detached.free(weight);
      const since = detached.mark();
      detached.release(since, []);
      detached.dispose();
    },
  },
  {
    name: 'dispose of one instance leaves another alone',
    async run(b, dtype, how) {
      const other = await how.make();
      const x = Tensor.from(b, [1, 2], [2], dtype);
      Tensor.from(other, [3, 4], [2], dtype);
      other.dispose();
      expect(await values(x.add(x))).toEqual([2, 4]);
    },
  },
];

/** Makes and drops enough to overwrite memory that was wrongly given back. */
async function churn(b: Backend, dtype: DType): Promise<void> {
  const since = b.mark();
  const x = Tensor.from(b, new Float64Array(64).fill(77), [64], dtype);
  for (let i = 0; i < 20; i++) x.slice([0], [2 + (i % 4)]).add(x.slice([0], [2 + (i % 4)]));
  await x.data();
  b.release(since, []);
}

type Operands = ReturnType<typeof operands>;

function operands(b: Backend, dtype: DType, make: typeof Tensor.from) {
  const counting = (shape: Shape) =>
    make(
      b,
      Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => i + 1),
      shape,
      dtype,
    );
  return {
    x: counting([2, 3]),
    y: counting([2, 3]),
    column: counting([2, 1]),
    weight: counting([4, 3]),
    bias: counting([4]),
    gain: counting([3]),
    sequence: counting([1, 2, 4]),
    keys: make(b, [1, 0], [1, 2], dtype),
    ids: make(b, [1, 1], [2], 'int32'),
  };
}

/** Every operation once, as a kernel sees it: the result's shape and handle. */
const OPERATIONS: Record<string, (b: Backend, o: Operands) => [Shape, Handle] | undefined> = {
  neg: (b, o) => [[2, 3], b.unary('neg', o.x)],
  'add a number': (b, o) => [[2, 3], b.binary('add', o.x, 1, [2, 3])],
  'add a tensor': (b, o) => [[2, 3], b.binary('add', o.x, o.y, [2, 3])],
  'mul by 1': (b, o) => [[2, 3], b.binary('mul', o.x, 1, [2, 3])],
  sum: (b, o) => [[2, 1], b.reduce('sum', o.x, 1)],
  'max of one': (b, o) => [[2, 1], b.reduce('max', o.column, 1)],
  matmul: (b, o) => [[2, 4], b.matmul(o.x, o.weight, false, true, [2, 4])],
  permute: (b, o) => [[3, 2], b.permute(o.x, [1, 0])],
  'permute nothing': (b, o) => [[2, 3], b.permute(o.x, [0, 1])],
  slice: (b, o) => [[1, 2], b.slice(o.x, [1, 1], [1, 2])],
  'slice all': (b, o) => [[2, 3], b.slice(o.x, [0, 0], [2, 3])],
  pad: (b, o) => [[3, 4], b.pad(o.x, [1, 0], [3, 4])],
  'pad by nothing': (b, o) => [[2, 3], b.pad(o.x, [0, 0], [2, 3])],
  expand: (b, o) => [[2, 3], b.expand(o.column, [2, 3])],
  'expand to the same': (b, o) => [[2, 3], b.expand(o.x, [2, 3])],
  take: (b, o) => [[2, 3], b.take(o.weight, o.ids)],
  'take of int32': (b, o) => [[2], b.take(o.ids, o.ids)],
  scatterAdd: (b, o) => [[4, 3], b.scatterAdd(o.ids, o.x, [4, 3])],
  'cast to the same': (b, o) => [[2, 3], b.cast(o.x, o.x.dtype)],
  'cast to int32': (b, o) => [[2, 3], b.cast(o.x, 'int32')],
  linear: (b, o) => {
    const handle = b.fused?.linear?.(o.x, o.weight, o.bias, 'relu', [2, 4]);
    return handle && [[2, 4], handle];
  },
  activation: (b, o) => {
    const handle = b.fused?.activation?.(o.x, 'linear');
    return handle && [[2, 3], handle];
  },
  layerNorm: (b, o) => {
    const handle = b.fused?.layerNorm?.(o.x, o.gain, o.gain, 1e-6);
    return handle && [[2, 3], handle];
  },
  softmax: (b, o) => {
    const handle = b.fused?.softmax?.(o.x);
    return handle && [[2, 3], handle];
  },
  norm: (b, o) => {
    const handle = b.fused?.l2Norm?.(o.x);
    return handle && [[2, 1], handle];
  },
  attention: (b, o) => {
    const handle = b.fused?.attention?.(o.sequence, o.sequence, o.sequence, o.keys, 2, 0.5);
    return handle && [[1, 2, 4], handle];
  },
};

/** The result of each, where the backend has a kernel for it. */
const everyOperation = (b: Backend, o: Operands, dtype: DType): Tensor[] =>
  Object.entries(OPERATIONS).flatMap(([name, operation]) => {
    const y = operation(b, o);
    return y ? [new Tensor(b, y[0], name.endsWith('int32') ? 'int32' : dtype, y[1])] : [];
  });

/** A backend whose methods are called with no `this`. */
function withoutThis(b: Backend): Backend {
  const detach = (o: object): object =>
    Object.fromEntries(
      Object.entries(o).map(([name, f]) => [
        name,
        typeof f === 'function' ? (...args: unknown[]) => Reflect.apply(f, undefined, args) : f,
      ]),
    );
  return { ...detach(b), ...(b.fused && { fused: detach(b.fused) }) } as Backend;
}
