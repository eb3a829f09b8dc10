// The inputs of a parser, each known by a seed and its number: whoever has the two has the bytes again.
import type { Parser } from './parsers/parser.ts';
import { randomOf } from './random.ts';

/** Input number `index` of a run. Small seeds come more often than large ones, because they are read sooner. */
export function inputs(
  { name, seeds, mutate }: Parser,
  seed: number,
): (index: number) => Uint8Array {
  const all = seeds().sort((a, b) => a.length - b.length);
  return (index) => {
    const r = randomOf(`${seed}/${name}/${index}`);
    return mutate(r, all[Math.min(r.below(all.length), r.below(all.length))]!);
  };
}
