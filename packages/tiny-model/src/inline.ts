// The embedded model as bytes in a module, 5.2 MB of text: for a program in one file, an extension, an edge worker, or
// wherever files cannot lie beside a program. Needs no fetch, no files and no atob.
/** @module @siglip-ts/tiny-model/inline */
import { FILES } from './inline-bytes.js';

/** The files of the model in HF layout, by name; the same bytes as the package's main entry gives. */
export async function tinyModel(): Promise<Map<string, Uint8Array>> {
  return new Map(Object.entries(FILES).map(([name, text]) => [name, fromBase64(text)]));
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Uint8Array(128);
for (let i = 0; i < 64; i++) VALUES[DIGITS.charCodeAt(i)] = i;

function fromBase64(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length / 4) * 3 - (/=*$/.exec(text)?.[0].length ?? 0));
  const value = (i: number) => VALUES[text.charCodeAt(i)]!; // of '=' it is 0, and writes past the end are dropped
  for (let i = 0, at = 0; i < text.length; i += 4) {
    const four = (value(i) << 18) | (value(i + 1) << 12) | (value(i + 2) << 6) | value(i + 3);
    bytes[at++] = four >> 16;
    bytes[at++] = four >> 8;
    bytes[at++] = four;
  }
  return bytes;
}
