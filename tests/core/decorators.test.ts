// Each decorator by itself: what it adds to a backend, and that it leaves the rest alone.
import { describe, expect, onTestFinished, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import {
  autocast,
  type Backend,
  checked,
  deferred,
  type Finding,
  type HalfType,
  linear,
  meter,
  rounded,
  roundToHalf,
  scopedSync,
  softmax,
  Tensor,
  withoutFused,
} from '@siglip-ts/core';
import { forward, loadCase, loadGolden } from '../siglip/modeling/golden.ts';

const values = async (x: Tensor): Promise<number[]> => [...(await x.data())];

/** A backend one of whose kernels is off, as a mistake in it would be. */
function faulty(b: Backend, spoil: (exact: number, i: number) => number): Backend {
  return {
    ...b,
    unary(op, x) {
      if (op !== 'tanh') return b.unary(op, x);
      const off = Float32Array.from({ length: x.shape[0]! }, (_, i) => spoil(0, i));
      const y = { ...x, handle: b.unary(op, x) };
      return b.binary('add', y, { ...x, handle: b.upload(off, x.shape, x.dtype) }, x.shape);
    },
  };
}

const lost = 'the device is lost';

/** Fails at every log. */
function failing(): Backend {
  const b = cpu();
  return {
    ...b,
    unary(op, x) {
      if (op === 'log') throw new Error(lost);
      return b.unary(op, x);
    },
  };
}

/** Collects rejections that nobody handled while the test ran. */
function unhandled(): unknown[] {
  const found: unknown[] = [];
  const hear = (reason: unknown) => void found.push(reason);
  process.on('unhandledRejection', hear);
  onTestFinished(() => void process.off('unhandledRejection', hear));
  return found;
}
const turn = () => new Promise((done) => setTimeout(done, 5));

describe('checked', () => {
  const findings = async (b: Backend, run: (b: Backend) => Tensor): Promise<Finding[]> => {
    const found: Finding[] = [];
    await run(checked(b, cpu(), { report: (f) => void found.push(f) })).data();
    return found;
  };
  const some = (b: Backend) => Tensor.from(b, [0.5, -1, 2], [3]);

  test('names the operation that is wrong, and no other', async () => {
    const b = faulty(cpu(), () => 1e-3);
    const found = await findings(b, (b) => some(b).exp().tanh().mul(2));
    expect(found).toMatchObject([{ op: 'tanh', shapes: '[3]' }]);
    expect(found[0]!.error).toBeCloseTo(1e-3, 7);
  });
  test('sees a single NaN among good values', async () => {
    const b = faulty(cpu(), (_, i) => (i === 0 ? NaN : 0));
    expect(await findings(b, (b) => some(b).tanh())).toMatchObject([
      { op: 'tanh', error: Infinity },
    ]);
  });
  test('throws at the next read if nobody listens', async () => {
    const b = checked(
      faulty(cpu(), () => 1e-3),
      cpu(),
    );
    await expect(some(b).tanh().data()).rejects.toThrow(
      'checked(cpu): tanh of [3] is off by 1.0e-3',
    );
  });
  test('finds nothing in casts, integers, infinities or an array that is used again', async () => {
    const run = (b: Backend) => {
      const array = Float32Array.of(1.7, -2.5, 3);
      const x = new Tensor(b, [3], 'float32', b.upload(array, [3], 'float32'));
      array.fill(0);
      x.mul(Infinity).add(1);
      x.cast('bfloat16').cast('float16');
      return x.cast('int32').cast('float32').log();
    };
    expect(await findings(cpu(), run)).toEqual([]);
    expect(await findings(deferred(cpu()), run)).toEqual([]);
  });
  test('an operation that fails late rejects the next read, and nothing else', async () => {
    const unheard = unhandled();
    const b = checked(deferred(failing()), cpu());
    const y = some(b).log();
    await expect(y.data()).rejects.toThrow(lost);
    await turn();
    expect(unheard).toEqual([]);
  });
  test('finds nothing in a whole forward on cpu', async () => {
    const [c, g] = [await loadCase('plain'), await loadGolden('plain', 'float32')];
    const found: Finding[] = [];
    const b = checked(cpu(), cpu(), { report: (f) => void found.push(f) });
    const y = await forward(b, c, g, { listener: { tap() {} } });
    await y.get('logits_per_text')!.data();
    expect(found).toEqual([]);
  });
});

describe('meter', () => {
  test('counts operations, FLOP and bytes', () => {
    const b = meter(cpu());
    const x = Tensor.from(b, [1, 2, 3, 4, 5, 6], [2, 3]);
    const w = Tensor.constant(b, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [4, 3]);
    expect(b.readings).toMatchObject({ calls: 1, live: 24, weights: 48 });
    const y = scopedSync(b, () => x.matmul(w, { transB: true }).add(1));
    expect(y.shape).toEqual([2, 4]);
    expect(b.readings).toMatchObject({ calls: 3, flops: 2 * 8 * 3 + 8, live: 24 + 32 });
    x.neg();
    expect(b.readings).toMatchObject({ live: 24 + 32 + 24, peak: 24 + 32 + 32 });
    expect(Object.fromEntries(b.readings.byOp)).toEqual({ upload: 1, matmul: 1, add: 1, neg: 1 });
    b.free(w);
    expect(b.readings).toMatchObject({ weights: 0, weightsPeak: 48 });
  });
  test('counts halves as two bytes', () => {
    const b = meter(cpu());
    Tensor.from(b, [1, 2, 3], [3], 'bfloat16');
    expect(b.readings.live).toBe(6);
  });
  test('tells a backend that gives out a handle twice', () => {
    const b = cpu();
    const lazy = meter({ ...b, permute: (x) => x.handle });
    const x = Tensor.from(lazy, [1, 2], [1, 2]);
    expect(() => x.permute(0, 1)).toThrow('cpu: permute gave out a handle twice');
  });
});

describe('withoutFused', () => {
  test('runs the definitions', () => {
    const b = meter(withoutFused(cpu()));
    softmax(Tensor.from(b, [1, 2], [2]));
    expect([...b.readings.byOp.keys()]).toEqual(['upload', 'max', 'sub', 'exp', 'sum', 'div']);
    expect(withoutFused(cpu()).fused).toBeUndefined();
  });
});

const third = 1 / 3;

describe.each(['bfloat16', 'float16'] as const)('rounded to %s', (half: HalfType) => {
  const round = (x: number) => roundToHalf(Math.fround(x), half);
  const b = rounded(withoutFused(cpu()), half);
  const from = (numbers: number[], shape = [numbers.length]) =>
    Tensor.from(b, numbers, shape, half);

  test('rounds after each operation', async () => {
    const x = round(third);
    const twice = from([third]).mul(3).add(1);
    expect(await values(twice)).toEqual([round(round(x * 3) + 1)]);
  });
  test('rounds a linear layer once, after its bias, and its activation by itself', async () => {
    const layer = linear(
      from([1.5, third], [1, 2]),
      from([third, 2], [1, 2]),
      from([third]),
      'silu',
    );
    const x = round(third);
    const before = round(1.5 * x + x * 2 + x);
    expect(await values(layer)).toEqual([round(before / (1 + Math.exp(-before)))]);
  });
  test('leaves float32 alone', async () => {
    const x = Tensor.from(b, [third], [1]);
    expect(await values(x.mul(3))).toEqual([Math.fround(Math.fround(third) * 3)]);
  });
  test('keeps the result of an operation, and nothing of the way to it', () => {
    const counted = meter(cpu());
    const wide = rounded(withoutFused(counted), half);
    softmax(Tensor.from(wide, [1, 2, 3], [3], half));
    expect(counted.readings.live).toBe(2 * 3 * 2);
  });
});

describe.each(['bfloat16', 'float16'] as const)('autocast to %s', (half: HalfType) => {
  const round = (x: number) => roundToHalf(Math.fround(x), half);
  const b = autocast(withoutFused(cpu()), half);
  const x = Tensor.from(b, [third, 1.1], [1, 2]);

  test('products take and give halves', async () => {
    const y = x.matmul(x, { transB: true });
    expect(y.dtype).toBe('float32'); // the label; the value is a half's
    expect(await values(y)).toEqual([round(round(third) ** 2 + round(1.1) ** 2)]);
  });
  test('what follows a product stays half, what meets float32 does not', async () => {
    const y = x.matmul(x, { transB: true });
    const [value] = await values(y);
    expect(await values(y.mul(third))).toEqual([round(value! * Math.fround(third))]);
    const sum = y.add(Tensor.from(b, [third], [1, 1]));
    expect(await values(sum)).toEqual([Math.fround(value! + Math.fround(third))]);
  });
  test('keeps the result of an operation, and nothing of the way to it', () => {
    const counted = meter(cpu());
    const cast = autocast(withoutFused(counted), half);
    const y = Tensor.from(cast, [1, 2], [1, 2]);
    linear(y, y, null);
    expect(counted.readings.live).toBe(4 * 2 + 4);
  });
  test('elementwise operations on float32 stay in float32', async () => {
    expect(await values(x.mul(3))).toEqual(
      [third, 1.1].map((v) => Math.fround(Math.fround(v) * 3)),
    );
  });
});

describe('decorators compose', async () => {
  const [c, g] = [await loadCase('plain'), await loadGolden('plain', 'bfloat16')];
  const logits = async (b: Backend, dtype: 'float32' | 'bfloat16') => {
    const y = await forward(b, c, g, { dtype, listener: { tap() {} } });
    return [...(await y.get('logits_per_text')!.data())];
  };
  const half = (b: Backend) => rounded(withoutFused(b), 'bfloat16');
  const cast = (b: Backend) => autocast(b, 'bfloat16');

  test('rounded and autocast are the same on a device that computes later', async () => {
    expect(await logits(half(deferred(cpu())), 'bfloat16')).toEqual(
      await logits(half(cpu()), 'bfloat16'),
    );
    expect(await logits(cast(deferred(cpu())), 'float32')).toEqual(
      await logits(cast(cpu()), 'float32'),
    );
  });
  test.each([
    ['rounded', half, 'bfloat16'],
    ['autocast', cast, 'float32'],
  ] as const)(
    '%s leaves nothing on a metered stack, and can be metered',
    async (_, wrap, dtype) => {
      const inner = meter(cpu());
      const outer = meter(wrap(inner));
      await logits(outer, dtype);
      expect(inner.readings.calls).toBeGreaterThan(outer.readings.calls);
      expect([inner.readings.live, outer.readings.live]).toEqual([0, 0]);
    },
  );
});

describe('deferred', () => {
  const one = (b: Backend) => Tensor.from(b, [1], [1]);

  test('calls return at once, the failure shows at the read', async () => {
    const y = one(deferred(failing())).log();
    await expect(y.data()).rejects.toThrow(lost);
  });
  test('a failure rejects every read until the outermost release, and none after', async () => {
    const b = deferred(failing());
    const before = one(b);
    const outer = b.mark();
    const inner = b.mark();
    const bad = one(b).log();
    const good = one(b).exp();
    b.release(inner, [bad.handle, good.handle]);
    b.release(inner, []); // as the encoder does, layer after layer
    for (const x of [before, bad, good]) await expect(x.data()).rejects.toThrow(lost);
    b.release(outer, []);
    expect(await values(before)).toEqual([1]);
    expect(await values(one(b).exp())).toEqual([Math.fround(Math.E)]);
  });
  test('what was never computed says why, also later', async () => {
    const b = deferred(failing());
    const outer = b.mark();
    const [bad, skipped] = [one(b).log(), one(b).exp()];
    b.release(outer, [bad.handle, skipped.handle]);
    for (const x of [bad, skipped, skipped.neg()]) {
      const bracket = b.mark();
      await expect(x.data()).rejects.toThrow(lost);
      b.release(bracket, []);
    }
  });
  test('the outermost mark is found again after many releases of inner ones', async () => {
    const b = deferred(failing());
    for (let round = 0; round < 3; round++) {
      const outer = b.mark();
      const inner = b.mark();
      for (let layer = 0; layer < 3; layer++) b.release(inner, []);
      const next = b.mark();
      one(b).log();
      b.release(next, []);
      await expect(one(b).data()).rejects.toThrow(lost); // still inside `outer`
      b.release(outer, []);
      expect(await values(one(b))).toEqual([1]);
    }
  });
  test('weights are made and freed while it lasts', async () => {
    const counted = meter(cpu());
    const b = deferred({
      ...counted,
      unary: () => {
        throw new Error(lost);
      },
    });
    const outer = b.mark();
    const old = Tensor.constant(b, [1], [1]);
    one(b).neg();
    const made = Tensor.constant(b, [2], [1]);
    b.free(old);
    b.release(outer, []);
    expect(await values(made)).toEqual([2]);
    expect(counted.readings).toMatchObject({ weights: 4, live: 0 });
  });
  test('is never an unhandled rejection', async () => {
    const found = unhandled();
    const b = deferred(failing());
    const y = one(b).log();
    y.host();
    y.neg().host();
    void b.read(y).catch(() => {});
    b.release(b.mark(), []);
    await turn();
    expect(found).toEqual([]);
  });
});
