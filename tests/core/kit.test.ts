// The kit of backends by itself, where no backend shows it: the stack's own rules, and how a self-test ends. That its
// operations are right is in tests/conformance, on the backends that use them.
import { describe, expect, test, vi } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { type Backend, meter, Tensor } from '@siglip-ts/core';
import { copyView, padded, type SelfTest, selfTest, stack, trusted } from '@siglip-ts/core/kit';

test('a stack lets go of each once, and never of what is older or kept', () => {
  const names: string[] = [];
  const s = stack<{ name: string }>((gone) => names.push(...gone.map(({ name }) => name)));
  const of = (name: string) => s.push({ name });
  of('older');
  const since = s.mark();
  const [a, b] = [of('a'), of('b')];
  s.release(since, [b, b]);
  expect(names).toEqual(['a']);
  s.release(since, [a]); // a is gone already, b is not kept any more
  expect(names).toEqual(['a', 'b']);
  s.clear();
  expect(names).toEqual(['a', 'b', 'older']);
});

test('a view without numbers, and one of a scalar', () => {
  const y = new Float32Array(4);
  copyView(y, new Float32Array(0), padded([0, 2], [1, 0], [2, 2]));
  expect([...y]).toEqual([0, 0, 0, 0]);
  copyView(y, Float32Array.of(7), padded([], [], []));
  expect([...y]).toEqual([7, 0, 0, 0]);
});

describe('a self-test', () => {
  const three: SelfTest = {
    ask(b, step) {
      const x = step('add', () => Tensor.from(b, [1, 2], [2]).add(1));
      step('exp', () => x.exp());
      step('mul', () => x.mul(2));
    },
    wrong: (found, i) => (found[0] === [2, Math.fround(Math.exp(2)), 4][i] ? null : 'is wrong'),
  };
  test('is passed by what is right, and leaves nothing', async () => {
    const b = meter(cpu());
    expect(await trusted(b, three)).toBe(b);
    expect(b.readings.live).toBe(0);
  });
  test('names the first operation that is wrong, and gives the backend up', async () => {
    const right = cpu();
    const unary: Backend['unary'] = (_, x) => right.binary('mul', x, 3, x.shape);
    const b = { ...right, unary, dispose: vi.fn() };
    await expect(trusted(b, three)).rejects.toThrow('cpu computes exp wrong on this machine: it is wrong'); // prettier-ignore
    expect(b.dispose).toHaveBeenCalledTimes(1);
  });
  test('names one that does not run, at once or later, with the reason', async () => {
    const cause = new Error('no such function');
    const fails = { message: 'cpu: exp does not run on this machine', cause };
    const right = cpu();
    const unary = () => {
      throw cause;
    };
    await expect(selfTest({ ...right, unary }, three)).rejects.toMatchObject(fails);
    let reads = 0; // the second is exp's; that the third fails too is no unhandled rejection
    const read: Backend['read'] = async (x) => {
      if (++reads > 1) throw cause;
      return right.read(x);
    };
    await expect(selfTest({ ...right, read }, three)).rejects.toMatchObject(fails);
    expect(reads).toBe(3);
  });
});
