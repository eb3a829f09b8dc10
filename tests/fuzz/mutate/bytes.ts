// Edits of bytes whose meaning is not known, and what all mutators put together: concatenation and odd numbers.
import type { Random } from '../random.ts';

/** Numbers at the edges of fields of 8, 16 and 32 bits. */
// prettier-ignore
export const EDGES: readonly number[] = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 254, 255, 256, 257, 511, 512, 1000, 4096, 32767, 32768, 65534, 65535,
  65536, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1,
];

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** One edit somewhere. */
export function mutateBytes(r: Random, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return Uint8Array.from({ length: r.below(8) }, () => r.below(256));
  const at = r.below(bytes.length);
  const few = 1 + r.below(Math.min(64, bytes.length - at));
  const [before, some, after] = [bytes.slice(0, at), bytes.slice(at, at + few), bytes.slice(at + few)]; // prettier-ignore
  switch (r.below(8)) {
    case 0:
      some[0]! ^= 1 << r.below(8);
      break;
    case 1:
      some.fill(r.pick([0, 255, r.below(256)]));
      break;
    case 2:
      return concat([before, after]);
    case 3:
      return concat([before, some, some, after]);
    case 4:
      return before;
    case 5:
      return concat([before, Uint8Array.from({ length: few }, () => r.below(256)), some, after]);
    case 6:
      setNumber(r, some, 0);
      break;
    default:
      for (let i = 0; i < some.length; i++) some[i] = r.below(256);
  }
  return concat([before, some, after]);
}

/** Writes an edge of 8, 16 or 32 bits in either order at a place, as far as there is room. */
export function setNumber(r: Random, bytes: Uint8Array, at: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [value, little, left] = [r.pick(EDGES), r.once(2), bytes.length - at];
  if (left >= 4 && r.once(2)) view.setUint32(at, value, little);
  else if (left >= 2 && r.once(2)) view.setUint16(at, value, little);
  else if (left >= 1) view.setUint8(at, value);
}

/** The list with one of its items edited, left out, repeated or moved. */
export function mutateList<T>(r: Random, list: readonly T[], edit: (item: T) => T): T[] {
  const out = [...list];
  if (out.length === 0) return out;
  const [a, b] = [r.below(out.length), r.below(out.length)];
  const kind = r.below(10);
  if (kind === 0) out.splice(a, 1);
  else if (kind === 1) out.splice(b, 0, out[a]!);
  else if (kind === 2) [out[a], out[b]] = [out[b]!, out[a]!];
  else out[a] = edit(out[a]!);
  return out;
}
