// What only moves numbers: permute, slice, pad and expand are one kernel, made for a view, which says which number goes where.
//
//   for (let i = 0; i < n; i++) y[i] = inside(i) ? x[placeInX(i)] : 0;
import { size } from '@siglip-ts/core';
import { placeOf, type View } from '@siglip-ts/core/kit';
import { coordinates, place, type Program, program, THREAD } from './program.ts';

export function move(view: View): Program {
  const { out, begin, shape, at, strides } = view;
  const bounds = begin.flatMap((low, i) =>
    shape[i] === out[i] ? [] : `c${i} >= ${low} && c${i} < ${low + shape[i]!}`,
  );
  const lines = [coordinates(out), `const at = ${place(strides, at - placeOf(begin, strides))};`];
  // A thread may compute both sides of a choice, so even a place that does not count must be in the array.
  if (bounds.length)
    lines.push(
      `const counts = ${bounds.join(' && ')} ? 1 : 0;`,
      'return counts > 0 ? x[at * counts] : 0;',
    );
  else lines.push('return x[at];');
  return program('x', size(out), lines.join('\n'));
}

/** Brings an array to the device, and copies what is there. */
export const copy = (length: number): Program => program('x', length, `return x[${THREAD}];`);
