// Numbers by chance that come again with the same seed. Not for anything that has to be good chance.

/** Draws of one input. */
export interface Random {
  /** A whole number from 0 to n - 1. */
  below(n: number): number;
  /** True once in n draws. */
  once(n: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/** Mulberry32, seeded by the FNV hash of a text. */
export function randomOf(seed: string): Random {
  let state = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++)
    state = Math.imul(state ^ seed.charCodeAt(i), 0x01000193) >>> 0;
  const below = (n: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * n);
  };
  return { below, once: (n) => below(n) === 0, pick: (list) => list[below(list.length)]! };
}
