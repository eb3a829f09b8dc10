// describeBackend: everything a backend has to keep, as tests. A new backend's test file is its constructor and the
// skips it needs, each with its reason. Uses nothing of Node, so browsers run it too. For the cases see cases/, for the
// rest rules/.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Backend, type DType, Tensor } from '@siglip-ts/core';
import { type Budget, budgetOf, type Distance, distance } from './budgets.ts';
import type { Case } from './cases/case.ts';
import { CASES } from './cases/index.ts';
import { type CaseInput, numbers, random } from './cases/inputs.ts';
import type { Described } from './described.ts';
import type { Exact } from './reference.ts';
import { LAWS } from './rules/laws.ts';
import { MEMORY } from './rules/memory.ts';

/** Adds to a vitest file a test for every case, rule and law, and one that no skip is out of date. */
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
    for (const rule of [...MEMORY, ...LAWS])
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
const given = (b: Backend, x: CaseInput, exact: Exact, float: DType): Tensor =>
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
    const which = i === 0 ? c.name : `${c.name}, by its definition`;
    const d = expectClose(which, values, truth.values, dtype, budget);
    if (i === 0) how.measured?.(c, d);
  });
  if (found.length > 1)
    expectClose(`${c.name}, against its definition`, found[0]!, found[1]!, dtype, budget);
}

/** How far values are from those expected. Throws Error where a budget does not allow it. */
function expectClose(
  which: string,
  found: ArrayLike<number>,
  exact: ArrayLike<number>,
  dtype: DType,
  budget: Budget,
): Distance {
  const d = distance(found, exact, dtype, budget);
  if (d.wrong >= 0)
    throw new Error(
      `${which}: number ${d.wrong} is ${found[d.wrong]}, expected ${exact[d.wrong]}; the largest error is ` +
        `${d.ulp.toFixed(1)} ulp, a share of ${d.share.toExponential(1)}; the budget is ` +
        `${budget.ulp} ulp, a share of ${budget.share}`,
    );
  return d;
}

/** A seed that stays with a case when others are added. */
const seedOf = (name: string): number =>
  [...name].reduce((h, c) => (Math.imul(h, 31) + c.codePointAt(0)!) | 0, 20250204);
