// Text and EXIF chunks, read for one thing: the orientation Pillow's `getexif()` would find.
import { Unzlib } from 'fflate';
import { concat } from '../bytes.ts';
import { exifOrientation, latin1, xmpOrientation } from '../exif.ts';
import type { DecodeLimits } from '../limits.ts';

const RAW_EXIF = 'Raw profile type exif';
const XMP = 'XML:com.adobe.xmp';
const MIB = 2 ** 20;
/** Compressed bytes at a time: 1 MiB at most when inflated, which is how far a bomb gets beyond the limit. */
const PIECE = 1024;

/** A text chunk's type, and what is behind its keyword. */
type Text = readonly [type: string, value: Uint8Array];

export class TextChunks {
  readonly #perChunk: number;
  /** Bytes that texts may still have. */
  #left: number;
  #exif: Uint8Array | undefined;
  readonly #texts = new Map<string, Text[]>([
    [RAW_EXIF, []],
    [XMP, []],
  ]);

  constructor(limits: DecodeLimits) {
    this.#perChunk = limits.maxTextChunk ?? MIB;
    this.#left = limits.maxTextMemory ?? 64 * MIB;
  }

  read(type: string, content: Uint8Array): void {
    if (type === 'eXIf') this.#exif = content;
    if (type !== 'tEXt' && type !== 'zTXt' && type !== 'iTXt') return;
    const end = content.indexOf(0);
    if (end < 0) return;
    const found = this.#texts.get(latin1(content.subarray(0, end)));
    if (found) found.push([type, content.subarray(end + 1)]);
  }

  /** 1 if no chunk names one. */
  orientation(): number {
    const raw = this.#exif ? undefined : this.#lastOf(RAW_EXIF);
    const exif = this.#exif ?? (raw && fromHex(latin1(raw).split('\n').slice(3).join('')));
    const found = exif && exifOrientation(exif);
    if (found !== undefined) return found;
    const xmp = this.#lastOf(XMP);
    return (xmp && xmpOrientation(latin1(xmp))) ?? 1;
  }

  /** Of several chunks the last that can be read counts. Only now is anything inflated. */
  #lastOf(key: string): Uint8Array | undefined {
    for (const [type, value] of [...this.#texts.get(key)!].reverse()) {
      const text = this.#textOf(type, value);
      if (text) return text;
    }
    return undefined;
  }

  /** The value behind a keyword: plain in tEXt, compressed in zTXt, either with a preamble in iTXt. */
  #textOf(type: string, value: Uint8Array): Uint8Array | undefined {
    if (type === 'tEXt') return value;
    // Where it is damaged, Pillow takes it for empty.
    if (type === 'zTXt')
      return (value[0] === 0 && this.#inflate(value.subarray(1))) || new Uint8Array();
    const compressed = value[0] !== 0;
    const afterLanguage = value.indexOf(0, 2) + 1;
    const afterKeyword = value.indexOf(0, afterLanguage) + 1;
    if (afterLanguage === 0 || afterKeyword === 0) return undefined;
    const text = value.subarray(afterKeyword);
    return compressed ? (value[1] === 0 ? this.#inflate(text) : undefined) : text;
  }

  /** Undefined for damaged data, as Pillow ignores it. */
  #inflate(data: Uint8Array): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    let total = 0;
    const engine = new Unzlib((part) => {
      parts.push(part);
      total += part.length;
    });
    try {
      for (let at = 0; at < data.length && total <= this.#perChunk; at += PIECE)
        engine.push(data.subarray(at, at + PIECE), at + PIECE >= data.length);
    } catch {
      total = Math.min(total, this.#perChunk);
      parts.length = 0;
    }
    if (total > this.#perChunk)
      throw new RangeError(`png: a text of more than ${this.#perChunk} bytes (maxTextChunk)`);
    this.#left -= total;
    if (this.#left < 0) throw new RangeError('png: texts of more bytes than maxTextMemory');
    return parts.length > 0 ? concat(parts) : undefined;
  }
}

function fromHex(text: string): Uint8Array {
  const pairs = text.replace(/\s/g, '').match(/[0-9a-f]{2}/gi) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}
