// A self-test: operations on fixed numbers with known answers, run before a backend is trusted with anything else, since
// machines and drivers give wrong numbers more often than errors. Not a test of accuracy: see tests/conformance.
import type { Backend } from '../contract/backend.ts';
import { scopedSync } from '../tensor/lifetimes.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Computes one operation, whose result will be compared, and gives it to those that follow. */
export type Question = (op: string, compute: () => Tensor) => Tensor;

/** What a backend is asked, and which answers are right. */
export interface SelfTest {
  /** Takes the steps, in the order of what they need. Constants are its own to free; all else is let go of. */
  readonly ask: (b: Backend, step: Question) => void;
  /** How the numbers of step i are wrong: "gives 3, expected 4"; null where they are right. */
  readonly wrong: (numbers: ArrayLike<number>, i: number) => string | null;
}

/** Throws Error naming the first operation that is wrong or does not run. Leaves nothing in b's memory. */
export async function selfTest(b: Backend, { ask, wrong }: SelfTest): Promise<void> {
  const answers: { op: string; numbers: Promise<ArrayLike<number>> }[] = [];
  const fails = (op: string, cause: unknown) =>
    new Error(`${b.name}: ${op} does not run on this machine`, { cause });
  const step: Question = (op, compute) => {
    try {
      const y = compute();
      const numbers = y.data();
      numbers.catch(() => {}); // an earlier answer may end the test before this one is awaited
      answers.push({ op, numbers });
      return y;
    } catch (cause) {
      throw fails(op, cause);
    }
  };
  scopedSync(b, () => ask(b, step));
  for (const [i, { op, numbers }] of answers.entries()) {
    const found = await numbers.catch((cause: unknown) => {
      throw fails(op, cause);
    });
    const how = wrong(found, i);
    if (how)
      throw new Error(
        `${b.name} computes ${op} wrong on this machine: it ${how}; backend-cpu uses neither WebAssembly nor a GPU`,
      );
  }
}

/** `b`, once it has passed. One that fails is disposed of. */
export async function trusted(b: Backend, test: SelfTest): Promise<Backend> {
  try {
    await selfTest(b, test);
    return b;
  } catch (error) {
    b.dispose();
    throw error;
  }
}
