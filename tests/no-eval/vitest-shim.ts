// The part of vitest's API that the tests use, in a few lines and without generated code: vitest itself runs modules
// through `new Function`, which is what these runs forbid. Runs everything in order and prints a count.
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  customMatchers,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
} from '@vitest/expect';
import { fn } from '@vitest/spy';
import * as chai from 'chai';

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

type Body = (...args: never[]) => unknown;
type Hook = () => unknown;
interface Suite {
  readonly name: string;
  readonly work: (() => Promise<void>)[];
  readonly before: Hook[];
  readonly after: Hook[];
  readonly beforeEach: Hook[];
  readonly afterEach: Hook[];
}
const suiteOf = (name: string): Suite => ({
  name,
  work: [],
  before: [],
  after: [],
  beforeEach: [],
  afterEach: [],
});
const top = suiteOf('');
const stack: Suite[] = [top];
const current = () => stack.at(-1)!;
const result = { passed: 0, failed: 0, skipped: 0 };

export const expect = Object.assign(
  (value: unknown, message?: string) => chai.expect(value, message),
  chai.expect,
  (globalThis as never as Record<symbol, object>)[ASYMMETRIC_MATCHERS_OBJECT],
);
(chai.expect as never as { extend(e: object, m: object): void }).extend(expect, customMatchers);

/** %s, %i and $name in the title of a table's row. */
const title = (name: string, row: unknown[]): string => {
  let i = 0;
  return name.replace(/%[sidfjo]/g, () => String(row[i++]));
};
const rowOf = (row: unknown): unknown[] => (Array.isArray(row) ? row : [row]);

/** What a test that finds its data absent throws. */
const SKIPPED = new Error('skipped');
/** What vitest gives to every test. */
const context = {
  skip(): never {
    throw SKIPPED;
  },
};

function addTest(name: string, first: unknown, second?: unknown): void {
  const body = (typeof first === 'function' ? first : second) as Body;
  const suites = [...stack];
  current().work.push(async () => {
    const path = [...suites.map((s) => s.name), name].filter(Boolean).join(' > ');
    try {
      for (const s of suites) for (const hook of s.beforeEach) await hook();
      await body(context as never);
      result.passed++;
    } catch (error) {
      if (error === SKIPPED) return void result.skipped++;
      result.failed++;
      console.error(`FAIL ${path}\n${(error as Error).stack ?? String(error)}`);
    } finally {
      for (const s of suites) for (const hook of s.afterEach) await hook();
    }
  });
}

function addSuite(name: string, first: unknown, second?: unknown): void {
  const body = (typeof first === 'function' ? first : second) as Body;
  const suite = suiteOf(name);
  current().work.push(async () => {
    stack.push(suite);
    await body();
    await run(suite);
    stack.pop();
  });
}

async function run(suite: Suite): Promise<void> {
  for (const hook of suite.before) await hook();
  for (const work of suite.work) await work();
  for (const hook of suite.after) await hook();
}

type Add = (name: string, first: unknown, second?: unknown) => void;
const skipping: Add = () => void result.skipped++;
const each =
  (add: Add) =>
  (rows: readonly unknown[]) =>
  (name: string, body: Body): void =>
    rows.forEach((row) => add(title(name, rowOf(row)), () => body(...(rowOf(row) as never[]))));
const api = (add: Add) =>
  Object.assign(add, {
    each: each(add),
    skipIf: (condition: unknown) => {
      const chosen = condition ? skipping : add;
      return Object.assign((...args: Parameters<Add>) => chosen(...args), { each: each(chosen) });
    },
    runIf: (condition: unknown) => (condition ? add : skipping),
    skip: skipping,
  });

export const test = api(addTest);
export const it = test;
export const describe = api(addSuite);
/** Spies only. */
export const vi = { fn };

export const beforeAll = (hook: Hook) => void current().before.push(hook);
export const afterAll = (hook: Hook) => void current().after.push(hook);
export const beforeEach = (hook: Hook) => void current().beforeEach.push(hook);
export const afterEach = (hook: Hook) => void current().afterEach.push(hook);

/** Called at the end of the bundle. */
export async function finish(): Promise<void> {
  await run(top);
  console.log(`${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
  process.exit(result.failed > 0 ? 1 : 0);
}
