// The chunks of a PNG file, as Pillow's `PngImagePlugin` walks them: header, palette, orientation and the
// compressed pixels. Pillow's habits decide what counts as an error: it checks CRCs up to the first IDAT,
// and none after. APNG files give their default picture. No pixel is decoded here.
import { cutRead, unidentified, unloadable } from '../errors.ts';
import { latin1 } from '../exif.ts';
import { type DecodeLimits, expectPixels } from '../limits.ts';
import { crc32 } from './checksums.ts';
import { TextChunks } from './text.ts';

/** The IHDR chunk. */
interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample. */
  readonly depth: number;
  readonly colorType: number;
  readonly interlaced: boolean;
}

export interface PngFile extends Header {
  readonly palette: Uint8Array | undefined;
  /** The contents of the IDAT chunks, one at least. */
  readonly pixels: readonly Uint8Array[];
  readonly orientation: number;
}

interface Chunk {
  readonly name: string;
  readonly content: Uint8Array;
  /** The length the file says; `content` is shorter at the end of a cut file. */
  readonly length: number;
  readonly end: number;
}

/** Least lengths that Pillow insists on. */
const LEAST: Readonly<Record<string, number>> = { IHDR: 13, gAMA: 4, cHRM: 32, sRGB: 1, pHYs: 9 };
const SIGNATURE_LENGTH = 8;

/** Under 'pad' as forgiving as Pillow is under LOAD_TRUNCATED_IMAGES. */
export function readPng(data: Uint8Array, limits: DecodeLimits): PngFile {
  const head = readHead(data, limits);
  const { header } = head;
  if (!header || header.width === 0 || header.height === 0)
    throw unidentified('png without a size');
  expectPixels(header.width, header.height, limits);
  if (head.next === undefined) throw unloadable('png without IDAT');
  const body = readPixels(data, head.next);
  if (body.next !== undefined) readTail(data, body.next, head.texts);
  return {
    ...header,
    palette: head.palette,
    pixels: body.pixels,
    orientation: head.texts.orientation(),
  };
}

/** The chunk at an offset. Undefined if its length and name do not fit into the file. */
function chunkAt(data: Uint8Array, at: number): Chunk | undefined {
  if (at + 8 > data.length) return undefined;
  const view = new DataView(data.buffer, data.byteOffset);
  const length = view.getUint32(at);
  const name = latin1(data.subarray(at + 4, at + 8));
  const content = data.subarray(at + 8, at + 8 + length);
  return { name, content, length, end: at + 8 + length + 4 };
}

function hasProperName(chunk: Chunk): boolean {
  return /^\w{4}$/.test(chunk.name);
}

/** Everything up to the first IDAT, whose offset is `next` (undefined if IEND comes first). */
function readHead(data: Uint8Array, limits: DecodeLimits) {
  const pad = limits.truncated === 'pad';
  let header: Header | undefined;
  let palette: Uint8Array | undefined;
  const texts = new TextChunks(limits);
  for (let at = SIGNATURE_LENGTH; ;) {
    const chunk = chunkAt(data, at);
    if (!chunk) throw unidentified('png that ends in its header');
    if (!pad && !hasProperName(chunk)) throw unidentified(`png with chunk "${chunk.name}"`);
    if (chunk.name === 'IDAT') return { header, palette, texts, next: at };
    if (chunk.name === 'IEND') return { header, palette, texts, next: undefined };
    expectContent(chunk, header, pad);
    if (chunk.name === 'IHDR' && chunk.length >= 13) header = readHeader(chunk.content);
    else if (chunk.name === 'PLTE' && header?.colorType === 3) palette = chunk.content;
    else texts.read(chunk.name, chunk.content);
    expectCrc(data, chunk, pad);
    at = chunk.end;
  }
}

/** Pillow's complaints about a chunk's length. */
function expectContent(chunk: Chunk, header: Header | undefined, pad: boolean): void {
  if (chunk.content.length < chunk.length) throw cutRead();
  let least = LEAST[chunk.name] ?? 0;
  if (chunk.name === 'tRNS' && header) least = { 0: 2, 2: 6 }[header.colorType] ?? 0;
  if (chunk.length < least && !pad) throw new Error(`Truncated ${chunk.name} chunk`);
}

/** Under `pad`, chunks a reader may ignore (a lower-case first letter) may have a wrong CRC. */
function expectCrc(data: Uint8Array, chunk: Chunk, pad: boolean): void {
  if (pad && chunk.name.charCodeAt(0) & 0x20) return;
  const at = chunk.end - 4;
  const ok =
    chunk.end <= data.length &&
    crc32(data.subarray(at - chunk.length - 4, at)) ===
      new DataView(data.buffer, data.byteOffset).getUint32(at);
  if (!ok) throw unidentified(`png with a bad checksum in ${chunk.name}`);
}

/** Pillow ignores the compression method, and takes any non-zero interlace method for Adam7. */
function readHeader(content: Uint8Array): Header {
  const view = new DataView(content.buffer, content.byteOffset);
  const [depth, colorType, , filter, interlace] = content.subarray(8, 13);
  if (filter !== 0) throw unidentified('png with an unknown filter category');
  const known = DEPTHS[colorType!]?.includes(depth!);
  if (!known) throw unidentified(`png of color type ${colorType}, depth ${depth}`);
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth: depth!,
    colorType: colorType!,
    interlaced: interlace !== 0,
  };
}

/** Bit depths that each colour type may have. */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16], // gray
  2: [8, 16], //          RGB
  3: [1, 2, 4, 8], //     palette
  4: [8, 16], //          gray and alpha
  6: [8, 16], //          RGBA
};

/** Collects neighbouring IDAT chunks. `next` is the offset of the chunk behind them, if there is one. */
function readPixels(data: Uint8Array, first: number) {
  const parts: Uint8Array[] = [];
  let at = first;
  let chunk = chunkAt(data, at);
  while (chunk?.name === 'IDAT') {
    parts.push(chunk.content);
    at = chunk.end;
    chunk = chunkAt(data, at);
  }
  return { pixels: parts, next: chunk && at };
}

/** Chunks behind the pixels matter for EXIF only. A bad name ends them; a cut chunk is an error. */
function readTail(data: Uint8Array, first: number, texts: TextChunks): void {
  for (let at = first; ;) {
    const chunk = chunkAt(data, at);
    if (!chunk || chunk.name === 'IEND' || !hasProperName(chunk)) return;
    if (chunk.content.length < chunk.length) throw cutRead();
    texts.read(chunk.name, chunk.content);
    at = chunk.end;
  }
}
