// Edits of an EXIF block: the mark, the place of the directory, and the fields of its entries.
import type { Random } from '../random.ts';
import { EDGES, mutateBytes, setNumber } from './bytes.ts';

const FIELD_AT = [0, 2, 4, 8]; // of an entry: tag, type, count, value

export function mutateExif(r: Random, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const start = out[0] === 0x45 ? 6 : 0; // "Exif\0\0"
  if (out.length < start + 10 || r.once(5)) return mutateBytes(r, out);
  const view = new DataView(out.buffer, start);
  const little = out[start] === 0x49;
  for (let n = 1 + r.below(3); n > 0; n--) {
    const directory = view.getUint32(4, little);
    const entry = directory + 2 + 12 * r.below(4);
    const at = entry + r.pick(FIELD_AT);
    const kind = r.below(5);
    if (kind === 0) view.setUint32(4, r.pick([8, view.byteLength, ...EDGES]), little);
    else if (kind === 1) setNumber(r, out, start + r.below(4));
    else if (kind === 2 && directory + 2 <= view.byteLength)
      view.setUint16(directory, r.pick(EDGES), little);
    else if (kind === 3 && entry + 4 <= view.byteLength)
      view.setUint16(entry + 2, r.below(20), little);
    else if (at + 4 <= view.byteLength) view.setUint32(at, r.pick(EDGES), little);
  }
  return out;
}
