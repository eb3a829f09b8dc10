// Edits of a JPEG: segments with the right lengths, and the entropy-coded bytes between them.
import type { Random } from '../random.ts';
import { concat, mutateBytes, mutateList, setNumber } from './bytes.ts';

/** A marker with its payload, or (marker 0) entropy-coded bytes. */
interface Part {
  readonly marker: number;
  readonly data: Uint8Array;
}

/** SOF0 to SOF15, DHT, DAC, RST, SOI, EOI, SOS, DQT, DNL, DRI, APP0, APP1, APP2, APP14, COM. */
// prettier-ignore
const MARKERS = [
  0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc9, 0xca, 0xc4, 0xcc, 0xd0, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xe0, 0xe1, 0xe2, 0xee, 0xfe,
];
const MOST = 200_000;

export function mutateJpeg(r: Random, bytes: Uint8Array): Uint8Array {
  let parts = partsOf(bytes);
  for (let n = 1 + r.below(3); n > 0; n--) parts = mutateList(r, parts, (part) => edited(r, part));
  const file = concat(parts.map((part) => written(r, part)));
  return (r.once(10) ? mutateBytes(r, file) : file).subarray(0, MOST);
}

const isAlone = (marker: number): boolean => marker === 1 || (marker >= 0xd0 && marker <= 0xd9);

function partsOf(bytes: Uint8Array): Part[] {
  const parts: Part[] = [];
  let at = 0;
  while (at < bytes.length) {
    const marker = bytes[at] === 0xff ? (bytes[at + 1] ?? 0) : 0;
    const length = isAlone(marker) ? 2 : 2 + (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
    let end = at + length;
    if (marker === 0 || marker === 0xff) {
      for (end = at + 1; end < bytes.length; end++)
        if (bytes[end] === 0xff && (bytes[end + 1] ?? 0) > 0) break;
      parts.push({ marker: 0, data: bytes.slice(at, end) });
    } else parts.push({ marker, data: bytes.slice(at + (isAlone(marker) ? 2 : 4), end) });
    at = end;
  }
  return parts;
}

function edited(r: Random, { marker, data }: Part): Part {
  if (marker === 0) return { marker, data: entropy(r, data) };
  if (r.once(8)) return { marker: r.pick(MARKERS), data };
  const copy = data.slice();
  if (copy.length > 0 && !r.once(4)) {
    const at = r.below(Math.min(copy.length, 24)); // where the fields are; tables go on behind
    if (r.once(2)) setNumber(r, copy, at);
    else copy[at] = r.pick([0, 1, 2, 3, 4, 0x11, 0x21, 0x22, 0x41, 63, 64, 255]);
    return { marker, data: copy };
  }
  return { marker, data: mutateBytes(r, data) };
}

function entropy(r: Random, data: Uint8Array): Uint8Array {
  if (!r.once(4)) return mutateBytes(r, data);
  const at = r.below(data.length + 1);
  const more = Uint8Array.of(0xff, r.pick([...MARKERS, 0, 0xff, 0xd1, 0xd3]));
  return concat([data.subarray(0, at), more, data.subarray(at)]);
}

function written(r: Random, { marker, data }: Part): Uint8Array {
  if (marker === 0) return data;
  if (isAlone(marker)) return Uint8Array.of(0xff, marker);
  const length = r.once(60) ? r.below(65536) : Math.min(65535, data.length + 2);
  return concat([Uint8Array.of(0xff, marker, length >> 8, length & 255), data]);
}
