// Strict UTF-8, both ways. Not TextDecoder, which small JavaScript engines lack.

/**
 * Decodes; throws on overlong forms, surrogates, values above U+10FFFF and cut sequences.
 * @param what what the error calls the text.
 */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  const units = new Uint16Array(bytes.length); // UTF-16 never has more units than UTF-8 has bytes.
  let count = 0;
  let i = 0;
  while (i < bytes.length) {
    const byte = bytes[i]!;
    const [point, length] = byte < 0x80 ? [byte, 1] : codePointAt(bytes, i);
    if (length === 0) throw new Error(`${what}: byte ${i} is not UTF-8, expected UTF-8`);
    if (point < 0x10000) {
      units[count++] = point;
    } else {
      units[count++] = 0xd7c0 + (point >> 10);
      units[count++] = 0xdc00 | (point & 0x3ff);
    }
    i += length;
  }
  let text = '';
  const step = 8192; // Arguments of one call live on the stack.
  for (let k = 0; k < count; k += step)
    text += Reflect.apply(String.fromCharCode, null, units.subarray(k, Math.min(k + step, count)));
  return text;
}

/** The code point above U+007F at byte `i`, and how many bytes it takes: 0 where there is none. */
function codePointAt(bytes: Uint8Array, i: number): [point: number, length: number] {
  const lead = bytes[i]!;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  let point = lead & (0x7f >> length);
  for (let k = 1; k < length; k++) {
    const byte = bytes[i + k] ?? 0;
    if ((byte & 0xc0) !== 0x80) return [0, 0];
    point = (point << 6) | (byte & 0x3f);
  }
  const shortest = [0, 0, 0x80, 0x800, 0x10000][length]!;
  const surrogate = point >= 0xd800 && point < 0xe000;
  return point < shortest || surrogate || point > 0x10ffff ? [0, 0] : [point, length];
}

/** Encodes text without lone surrogates, for which there is no UTF-8. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0)!;
    const more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    bytes.push([0, 0xc0, 0xe0, 0xf0][more]! | (point >> (6 * more)));
    for (let k = more - 1; k >= 0; k--) bytes.push(0x80 | ((point >> (6 * k)) & 0x3f));
  }
  return Uint8Array.from(bytes);
}
