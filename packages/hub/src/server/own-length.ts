// How long a safetensors file is by the header it begins with, for bodies whose length no server says: what goes on beyond it
// has no end. What the header says of tensors is openSafetensors' matter.
import { parseHeader } from '@siglip-ts/safetensors';

/** The longest header, as there. */
const HEADER = 100_000_000;
/** Of a file that begins otherwise, such as a page or a pointer: whoever opens it says what it is. */
const OTHER = 2 ** 24;

/** Gives, with each piece of a body in turn, how many bytes it may have in all; Infinity until its header is there. */
export function ownLength(): (piece: Uint8Array) => number {
  let pieces: Uint8Array[] = [];
  let size = 0;
  let needed = 8;
  let length = Infinity;
  return (piece) => {
    if (length < Infinity) return length;
    pieces.push(piece);
    size += piece.length;
    while (size >= needed && length === Infinity) {
      const head = joined(pieces, size);
      pieces = [head];
      const view = new DataView(head.buffer);
      const end = 8 + Number(view.getBigUint64(0, true));
      if (end > 8 + HEADER) length = OTHER;
      else if (size >= end) length = lengthBy(head.subarray(8, end));
      needed = end;
    }
    return length;
  };
}

function lengthBy(header: Uint8Array): number {
  try {
    return 8 + header.length + parseHeader(header, 'header').dataBytes;
  } catch {
    return OTHER;
  }
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
