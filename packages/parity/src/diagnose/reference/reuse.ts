// A backend that does not compute twice what a recorded run computed: a variation of the model costs only what it
// changes. Keys are operations with what they were given, so nothing needs to know where in the model it is.
import {
  type Backend,
  type Fused,
  type Handle,
  type Operand,
  scoped,
  type Values,
} from '@siglip-ts/core';
import { unreleased } from './backends.ts';

export interface Reusing {
  readonly backend: Backend;
  /** Runs a block; what it computed is remembered if `record`, else let go of. One block at a time. */
  run<T>(record: boolean, block: () => Promise<T>): Promise<T>;
}

/** Breaks one promise of the contract: the same operation gives the same handle. So nothing may be freed. */
export function reusing(b: Backend): Reusing {
  const { fused = {}, ...rest } = unreleased(b);
  const known = new Map<string, Handle>();
  const uploads: { key: string; values: Values; handle: Handle }[] = [];
  const numbers = new WeakMap<Handle, number>();
  let [count, recording] = [0, false];

  const numberOf = (handle: Handle): number => {
    if (!numbers.has(handle)) numbers.set(handle, count++);
    return numbers.get(handle)!;
  };
  const keyOf = (x: unknown): string => {
    if (typeof x !== 'object' || x === null || !('handle' in x)) return String(x);
    const { handle, dtype, shape } = x as Operand;
    return `#${numberOf(handle)} ${dtype} ${shape.join()}`;
  };
  const once = <K extends (...given: never[]) => Handle>(name: string, kernel: K): K =>
    ((...given: never[]) => {
      const key = [name, ...given.map(keyOf)].join('|');
      const handle = known.get(key) ?? kernel(...given);
      if (recording) known.set(key, handle);
      return handle;
    }) as unknown as K;

  const each = <T extends object>(kernels: T, names: readonly (keyof T & string)[]): T =>
    Object.fromEntries(
      names.map((name) => [name, once(name, kernels[name] as (...given: never[]) => Handle)]),
    ) as T;
  return {
    backend: {
      ...rest,
      ...each(rest, KERNELS),
      fused: each(fused, Object.keys(fused) as (keyof Fused)[]),
      upload(values, shape, dtype) {
        const key = `${dtype} ${shape.join()}`;
        const same = uploads.find(
          (u) => u.key === key && values.every((v, i) => v === u.values[i]),
        );
        const handle = same?.handle ?? b.upload(values, shape, dtype);
        if (recording && !same) uploads.push({ key, values: values.slice() as Values, handle });
        return handle;
      },
    },
    async run(record, block) {
      recording = record;
      try {
        return await (record ? block() : scoped(b, block, () => []));
      } finally {
        recording = false;
      }
    },
  };
}

const KERNELS = [
  'unary',
  'binary',
  'reduce',
  'matmul',
  'permute',
  'slice',
  'pad',
  'expand',
  'take',
  'scatterAdd',
  'cast',
] as const;
