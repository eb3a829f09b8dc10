// Text and EXIF chunks, read for one thing: the orientation Pillow's `getexif()` would find.
import { unzlibSync } from 'fflate';
import { exifOrientation, latin1, xmpOrientation } from '../exif.ts';

const RAW_EXIF = 'Raw profile type exif';
const XMP = 'XML:com.adobe.xmp';
/** Pillow's MAX_TEXT_CHUNK: more text than this in a compressed chunk is taken for a bomb. */
const MAX_TEXT = 1024 * 1024;

export class TextChunks {
  #exif: Uint8Array | undefined;
  readonly #texts = new Map<string, Uint8Array>();

  read(name: string, content: Uint8Array): void {
    if (name === 'eXIf') this.#exif = content;
    if (name !== 'tEXt' && name !== 'zTXt' && name !== 'iTXt') return;
    const end = content.indexOf(0);
    if (end < 0) return;
    const key = latin1(content.subarray(0, end));
    if (key !== RAW_EXIF && key !== XMP) return;
    const text = textOf(name, content.subarray(end + 1));
    if (text) this.#texts.set(key, text);
  }

  /** 1 if no chunk names one. */
  orientation(): number {
    const raw = this.#texts.get(RAW_EXIF);
    const exif = this.#exif ?? (raw && fromHex(latin1(raw).split('\n').slice(3).join('')));
    const xmp = this.#texts.get(XMP);
    return (exif && exifOrientation(exif)) ?? (xmp && xmpOrientation(latin1(xmp))) ?? 1;
  }
}

/** The value behind a keyword: plain in tEXt, compressed in zTXt, either with a preamble in iTXt. */
function textOf(name: string, value: Uint8Array): Uint8Array | undefined {
  if (name === 'tEXt') return value;
  if (name === 'zTXt') return value[0] === 0 ? inflateText(value.subarray(1)) : undefined;
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
