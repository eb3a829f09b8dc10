// A function under construction: parameters, locals, loops and stores, in the order they are written.
import { uleb, vector } from './bytes.ts';
import {
  type Code,
  F32,
  type Float,
  float,
  I32,
  type Int,
  int,
  storeCode,
  storeFloatCode,
  storeLaneCode,
  V128,
  vec,
  type Vector,
} from './expressions.ts';
import { inOrder, type Kernel } from './kernel.ts';
import * as op from './opcodes.ts';

const TYPE = { i32: op.i32, f32: op.f32, v128: op.v128 } as const;
type Type = keyof typeof TYPE;

const get = (index: number): Code => [op.local_get, ...uleb(index)];

export class LocalI32 extends I32 {
  readonly index: number;
  constructor(index: number) {
    super(get(index));
    this.index = index;
  }
}
export class LocalF32 extends F32 {
  readonly index: number;
  constructor(index: number) {
    super(get(index));
    this.index = index;
  }
}
export class LocalV128 extends V128 {
  readonly index: number;
  constructor(index: number) {
    super(get(index));
    this.index = index;
  }
}

/** A kernel's arguments as its code sees them. */
export type Params<A extends string, F extends string> = {
  readonly [N in A]: N extends F ? LocalF32 : LocalI32;
};
/** What a call inside of the module passes for them. */
type Given<A extends string, F extends string> = {
  readonly [N in A]: N extends F ? F32 : Int;
};
export const paramsOf = <A extends string, F extends string>(kernel: Kernel<A, F>) =>
  Object.fromEntries(
    kernel.args.map((name, i) => [name, new (isFloat(kernel, name) ? LocalF32 : LocalI32)(i)]),
  ) as unknown as Params<A, F>;
const isFloat = (kernel: Kernel, name: string): boolean => name === kernel.float;

export class FunctionBuilder {
  private readonly params: readonly Type[];
  private readonly others: readonly string[];
  private readonly locals: Type[] = [];
  private readonly body: number[] = [];
  /** The instruction that gets the local which the last instruction set. */
  private justSet: Code | undefined;

  /** `others`: the names of the module's functions before it. */
  constructor(kernel: Kernel, others: readonly string[]) {
    this.params = kernel.args.map((name) => (isFloat(kernel, name) ? 'f32' : 'i32'));
    this.others = others;
  }
  /** A fresh local, holding `value`; without one it is to be set before it is read. */
  i32(value?: Int): LocalI32 {
    const local = new LocalI32(this.fresh('i32'));
    if (value !== undefined) this.set(local, value);
    return local;
  }
  f32(value?: Float): LocalF32 {
    const local = new LocalF32(this.fresh('f32'));
    if (value !== undefined) this.set(local, value);
    return local;
  }
  v128(value?: Vector): LocalV128 {
    const local = new LocalV128(this.fresh('v128'));
    if (value !== undefined) this.set(local, value);
    return local;
  }
  private fresh(type: Type): number {
    return this.params.length + this.locals.push(type) - 1;
  }
  set(local: LocalI32, value: Int): void;
  set(local: LocalF32, value: Float): void;
  set(local: LocalV128, value: Vector): void;
  set(local: LocalI32 | LocalF32 | LocalV128, value: Int | Float | Vector): void {
    const x =
      local instanceof LocalI32
        ? int(value as Int)
        : local instanceof LocalF32
          ? float(value as Float)
          : vec(value as Vector);
    this.put(x.code);
    // eslint-disable-next-line house/no-spread-list -- five bytes
    this.body.push(op.local_set, ...uleb(local.index));
    this.justSet = get(local.index);
  }
  /** Appends; what sets a local and gets it at once is one instruction, a tee. */
  private put(code: Code): void {
    const got = this.justSet;
    this.justSet = undefined;
    if (got?.every((byte, i) => byte === code[i])) {
      this.body[this.body.length - got.length] = op.local_tee;
      code = code.slice(got.length);
    }
    for (const byte of code) this.body.push(byte);
  }
  store(p: I32, x: V128 | F32, offset = 0): void {
    this.put(x instanceof V128 ? storeCode(p, x, offset) : storeFloatCode(p, x, offset));
  }
  /** 32 bits of a vector. */
  storeLane(p: I32, x: V128, lane: 0 | 1 | 2 | 3, offset = 0): void {
    this.put(storeLaneCode(p, x, lane, offset));
  }
  /** for (i = from; i < to; i += step) */
  for(i: LocalI32, from: Int, to: Int, step: Int, body: () => void): void {
    this.set(i, from);
    this.put([op.block, op.empty, op.loop, op.empty, ...i.ge(to).code, op.br_if, 1]);
    body();
    this.set(i, i.add(step));
    this.put([op.br, 0, op.end, op.end]);
  }
  /** do … while (i += step) < to: for inner loops that run at least once, a test and a jump shorter. */
  repeat(i: LocalI32, to: Int, step: number, body: () => void): void {
    this.put([op.block, op.empty, op.loop, op.empty]);
    body();
    this.set(i, i.add(step));
    this.put([...i.lt(to).code, op.br_if, 0, op.end, op.end]);
  }
  /**
   * Leaves the `repeat` around. A condition that is never true, and is no other's, keeps what stands before it before
   * what stands after: engines otherwise move all loads of a long body to its front and run out of registers.
   */
  leaveIf(condition: I32): void {
    this.put([...condition.code, op.br_if, 1]);
  }
  if(condition: I32, yes: () => void, no?: () => void): void {
    this.put([...condition.code, op.if_, op.empty]);
    yes();
    if (no) {
      this.put([op.else_]);
      no();
    }
    this.put([op.end]);
  }
  call<A extends string, F extends string>(kernel: Kernel<A, F>, args: Given<A, F>): void {
    const index = this.others.indexOf(kernel.name);
    if (index < 0) throw new Error(`module: no function ${kernel.name} yet`);
    const codes = inOrder<A, Int | F32>(kernel, args).map(
      (a) => (a instanceof F32 ? a : int(a)).code,
    );
    this.put([...codes.flat(), op.call, ...uleb(index)]);
  }
  /** The type of the function, and its locals and body. */
  finish(): { type: Code; code: Code } {
    const type = [op.func, ...vector(this.params.map((p) => [TYPE[p]])), 0];
    const runs: { count: number; type: Type }[] = [];
    for (const type of this.locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ count: 1, type });
    }
    const locals = vector(runs.map(({ count, type }) => [...uleb(count), TYPE[type]]));
    return { type, code: [...locals, ...this.body, op.end] };
  }
}
