// UTF-8 to and from JavaScript strings, because small engines have no TextEncoder. Not a validator
// with error positions: a broken byte becomes U+FFFD, one per byte, as in sentencepiece.

const REPLACEMENT = 0xfffd;

/**
 * Taken once, because engines look methods of strings up anew where they meet strings of many
 * kinds (one byte a unit or two, whole or joined from parts): `text.charCodeAt` takes six times as
 * long here.
 */
const { charCodeAt } = String.prototype;

/**
 * Encodes into `out` from `at` on and returns where it stopped; `out` needs 3 bytes per UTF-16
 * unit.
 */
export function utf8Into(text: string, out: Uint8Array, at: number): number {
  const { length } = text;
  for (let i = 0; i < length; i++) {
    let cp = charCodeAt.call(text, i);
    if (cp < 0x80) {
      out[at++] = cp;
      continue;
    }
    if (cp >= 0xd800 && cp < 0xe000) {
      const low = cp < 0xdc00 ? charCodeAt.call(text, i + 1) : 0;
      if (low >= 0xdc00 && low < 0xe000) {
        cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
        i++;
      } else cp = REPLACEMENT; // a lone surrogate has no UTF-8
    }
    if (cp < 0x800) out[at++] = 0xc0 | (cp >> 6);
    else {
      if (cp < 0x10000) out[at++] = 0xe0 | (cp >> 12);
      else {
        out[at++] = 0xf0 | (cp >> 18);
        out[at++] = 0x80 | ((cp >> 12) & 0x3f);
      }
      out[at++] = 0x80 | ((cp >> 6) & 0x3f);
    }
    out[at++] = 0x80 | (cp & 0x3f);
  }
  return at;
}

/** The UTF-8 bytes of a string; a lone surrogate gives the bytes of U+FFFD. */
export function utf8Encode(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 3);
  return out.slice(0, utf8Into(text, out, 0));
}

/** The length (1 to 4) of the well-formed character at `at`, or 0 where the bytes are not UTF-8. */
export function utf8Length(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > end) return 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  // Overlong forms, surrogates, and values above U+10FFFF show in the second byte.
  if (lead === 0xe0 && second < 0xa0) return 0;
  if (lead === 0xed && second >= 0xa0) return 0;
  if (lead === 0xf0 && second < 0x90) return 0;
  if (lead === 0xf4 && second >= 0x90) return 0;
  return length;
}

/**
 * Decodes `bytes[begin, end)`; each byte that is not part of a well-formed character gives one
 * U+FFFD.
 */
export function utf8Decode(bytes: Uint8Array, begin = 0, end = bytes.length): string {
  let text = '';
  let units: number[] = [];
  for (let i = begin; i < end;) {
    const length = utf8Length(bytes, i, end);
    let cp = length === 1 ? bytes[i]! : bytes[i]! & (0xff >> (length + 1));
    for (let k = 1; k < length; k++) cp = (cp << 6) | (bytes[i + k]! & 0x3f);
    if (length === 0) units.push(REPLACEMENT);
    else if (cp < 0x10000) units.push(cp);
    else units.push(0xd7c0 + (cp >> 10), 0xdc00 | (cp & 0x3ff));
    i += length || 1;
    if (units.length >= 4096) {
      text += String.fromCharCode(...units); // character by character takes five times as long
      units = [];
    }
  }
  return text + String.fromCharCode(...units);
}

/** Whether all bytes are well-formed UTF-8. */
export function isUtf8(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length;) {
    const length = bytes[i]! < 0x80 ? 1 : utf8Length(bytes, i, bytes.length);
    if (length === 0) return false;
    i += length;
  }
  return true;
}
