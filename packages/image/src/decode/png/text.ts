// Text and EXIF chunks, read for one thing: the orientation Pillow's `getexif()` would find.
import { unzlibSync } from 'fflate';
import { exifOrientation, latin1, xmpOrientation } from '../exif.ts';

const RAW_EXIF = 'Raw profile type exif';
const XMP = 'XML:com.adobe.xmp';
/** Pillow's MAX_TEXT_CHUNK: more text than this in a compressed chunk is taken for a bomb. */
const MAX_TEXT = 1024 * 1024;
/** Its MAX_TEXT_MEMORY in such chunks. */
const MOST_TEXTS = 64;

/** A text chunk's type, and what is behind its keyword. */
type Text = readonly [type: string, value: Uint8Array];

export class TextChunks {
  #exif: Uint8Array | undefined;
  readonly #texts = new Map<string, Text[]>([
    [RAW_EXIF, []],
    [XMP, []],
  ]);

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

  /** Of several chunks the last that can be read counts. Only now is anything inflated, and no more than Pillow would. */
  #lastOf(key: string): Uint8Array | undefined {
    const latest = this.#texts.get(key)!.slice(-MOST_TEXTS).reverse();
    for (const [type, value] of latest) {
      const text = textOf(type, value);
      if (text) return text;
    }
    return undefined;
  }
}

/** The value behind a keyword: plain in tEXt, compressed in zTXt, either with a preamble in iTXt. */
function textOf(type: string, value: Uint8Array): Uint8Array | undefined {
  if (type === 'tEXt') return value;
  // Where it is damaged, Pillow takes it for empty.
  if (type === 'zTXt')
    return (value[0] === 0 && inflateText(value.subarray(1))) || new Uint8Array();
  const compressed = value[0] !== 0;
  const afterLanguage = value.indexOf(0, 2) + 1;
  const afterKeyword = value.indexOf(0, afterLanguage) + 1;
  if (afterLanguage === 0 || afterKeyword === 0) return undefined;
  const text = value.subarray(afterKeyword);
  return compressed ? (value[1] === 0 ? inflateText(text) : undefined) : text;
}

/** Undefined for damaged data, as Pillow ignores it. fflate never writes past the array it is given. */
function inflateText(data: Uint8Array): Uint8Array | undefined {
  try {
    return unzlibSync(data, { out: new Uint8Array(MAX_TEXT) });
  } catch {
    return undefined;
  }
}

function fromHex(text: string): Uint8Array {
  const pairs = text.replace(/\s/g, '').match(/[0-9a-f]{2}/gi) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}
