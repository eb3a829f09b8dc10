// describeBackend: everything a backend has to keep, as tests. A new backend's test file is its constructor and the
// skips it needs, each with its reason. Uses nothing of Node, so browsers run it too.
import { Tensor, type Backend, type DType } from '@siglip-ts/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { budgetOf, distance, type Budget, type Distance, type Overrides } from './budgets.ts';
import { CASES, type Case } from './cases.ts';
import { numbers, random, type Input } from './inputs.ts';
import { MEMORY } from './memory.ts';
import { PROPERTIES } from './properties.ts';
import type { Exact } from './reference.ts';

export interface Described {
  readonly make: () => Backend | Promise<Backend>;
  /** The floating-point dtype to test. Default float32. */
  readonly dtype?: 'float32' | 'float64';
  /** Names of cases or parts of names, each with the reason why this backend cannot have them. */
  readonly skip?: Readonly<Record<string, string>>;
  /** Rows of the table of budgets that are wider for this backend. */
  readonly budgets?: Overrides;
  /** Hears how far each case is from its exact values. */
  readonly measured?: (c: Case, d: Distance) => void;
}

/** A rule about memory, or a law of operations: what is tested by a function of its own instead of a row of data. */
export interface Rule {
  readonly name: string;
  readonly run: (b: Backend, dtype: 'float32' | 'float64', how: Described) => Promise<void>;
}

export function describeBackend(name: string, how: Described): void {
  const dtype = how.dtype ?? 'float32';
  describe(`${name}, ${dtype}`, () => {
    let b: Backend;
    beforeAll(async () => void (b = await how.make()));
    afterAll(() => b.dispose());

    const skips = Object.entries(how.skip ?? {});
    const unused = new Set(Object.keys(how.skip ?? {}));
    const row = (name: string, body: () => Promise<void>) => {
      const skipped = skips.find(([part]) => name.includes(part));
      if (!skipped) return test(name, body);
      unused.delete(skipped[0]);
      return test.skip(`${name}: ${skipped[1]}`, body);
    };

    for (const c of CASES) row(c.name, () => judge(b, c, dtype, how));
    for (const rule of [...MEMORY, ...PROPERTIES])
      row(rule.name, async () => {
        const own = await how.make();
        try {
          await rule.run(own, dtype, how);
        } finally {
          own.dispose();
        }
      });
    test('every skip names a case', () => expect([...unused]).toEqual([]));
  });
}

/** An input in a backend's memory. */
const given = (b: Backend, x: Input, exact: Exact, float: DType): Tensor =>
  Tensor.from(b, exact.values, x.shape, x.dtype === 'float' ? float : x.dtype);

/** Inputs and exact results, which are the same for all backends. */
const memory = new Map<string, { inputs: Exact[]; truth: Exact }>();
function known(c: Case, float: DType) {
  const key = `${float} ${c.name}`;
  const next = random(seedOf(c.name));
  const inputs = memory.get(key)?.inputs ?? c.inputs.map((x) => numbers(x, float, next));
  const pair = memory.get(key) ?? { inputs, truth: c.exact(...inputs) };
  memory.set(key, pair);
  return pair;
}

/** Runs a case, and its definition if it has one, and compares with the exact values; they may not differ more. */
async function judge(b: Backend, c: Case, float: DType, how: Described): Promise<void> {
  const { inputs: exact, truth } = known(c, float);
  const dtype = c.dtype ?? float;
  const budget = budgetOf(c.op, dtype, how.budgets);
  const since = b.mark();
  const tensors = c.inputs.map((x, i) => given(b, x, exact[i]!, float));
  const ways = [c.run, ...(c.definition ? [c.definition] : [])];
  const results = ways.map((run) => {
    const y = run(...tensors);
    expect(y.shape).toEqual(truth.shape);
    expect(y.dtype).toBe(dtype);
    return y.data();
  });
  b.release(since, []);

  const found = await Promise.all(results);
  found.forEach((values, i) => {
    const d = distance(values, truth.values, dtype, budget);
    const which = i === 0 ? c.name : `${c.name}, by its definition`;
    expect(d.wrong, message(which, values, truth.values, d, budget)).toBe(-1);
    if (i === 0) how.measured?.(c, d);
  });
  if (found.length < 2) return;
  const apart = distance(found[0]!, found[1]!, dtype, budget);
  const which = `${c.name}, against its definition`;
  expect(apart.wrong, message(which, found[0]!, found[1]!, apart, budget)).toBe(-1);
}

const message = (
  which: string,
  found: ArrayLike<number>,
  exact: ArrayLike<number>,
  d: Distance,
  budget: Budget,
): string =>
  `${which}: ${found[d.wrong]} at ${d.wrong}, expected ${exact[d.wrong]}; ${d.ulp.toFixed(1)} ulp, ` +
  `share ${d.share.toExponential(1)}, the budget is ${JSON.stringify(budget)}`;

/** A seed that stays with a case when others are added. */
const seedOf = (name: string): number =>
  [...name].reduce((h, c) => (Math.imul(h, 31) + c.codePointAt(0)!) | 0, 20250204);
