// What only moves numbers: permute, slice, pad and expand are one kernel, told by a view which number goes where.
//
//   for (let i = 0; i < n; i++) y[i] = inside(i) ? x[placeInX(i)] : 0;
import { size } from '@siglip-ts/core';
import type { View } from '../views.ts';
import { coordinates, place, program, THREAD, type Program } from './program.ts';

export function move(view: View): Program {
  const { shape, strides, offset, inside } = view;
  const bounds = (inside ?? []).map(([low, high], i) => `c${i} >= ${low} && c${i} < ${high}`);
  const lines = [coordinates(shape), `const at = ${place(strides, offset)};`];
  // A thread may compute both sides of a choice, so even a place that does not count must be in the array.
  if (bounds.length)
    lines.push(
      `const counts = ${bounds.join(' && ')} ? 1 : 0;`,
      'return counts > 0 ? x[at * counts] : 0;',
    );
  else lines.push('return x[at];');
  return program('x', size(shape), lines.join('\n'));
}

/** Brings an array to the device, and copies what is there. */
export const copy = (length: number): Program => program('x', length, `return x[${THREAD}];`);
