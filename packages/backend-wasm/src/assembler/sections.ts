// A module taken apart again: its sections, and the functions in them. Knows as much of the format as module.ts writes.
import { Reader } from './bytes.ts';

/** What follows magic and version. */
export function sectionsOf(module: Uint8Array): { id: number; content: Uint8Array }[] {
  const r = new Reader(module.subarray(8));
  const sections = [];
  while (!r.done) sections.push({ id: r.byte(), content: r.bytes(r.uleb()) });
  return sections;
}

/** Each function's locals and body, without their size. */
export const codesOf = (module: Uint8Array): Uint8Array[] =>
  items(module, 10, (r) => r.bytes(r.uleb()));

/** How many parameters each function has. */
export function paramsOf(module: Uint8Array): number[] {
  const types = items(module, 1, (r) => {
    r.byte(); // it is a function
    const params = r.bytes(r.uleb()).length;
    r.bytes(r.uleb()); // results
    return params;
  });
  return items(module, 3, (r) => types[r.uleb()]!);
}

function items<T>(module: Uint8Array, section: number, read: (r: Reader) => T): T[] {
  const r = new Reader(sectionsOf(module).find(({ id }) => id === section)!.content);
  return Array.from({ length: r.uleb() }, () => read(r));
}
