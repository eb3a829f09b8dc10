// JPEG files to pixels, bit for bit what Pillow 13 with its libjpeg-turbo 3.2 gives: baseline, extended and
// progressive files of 8 bits, Huffman or arithmetic-coded. Not lossless, not hierarchical.
import type { KernelOption, PixelKernels } from '../../pixel-kernels.ts';
import { channelsOf, type RawImage } from '../../raw-image.ts';
import { concat } from '../bytes.ts';
import { broken, truncated } from '../errors.ts';
import { type DecodeLimits, expectLimits, expectPixels } from '../limits.ts';
import { arithmeticBlocks, conditioning, readConditioning } from './arithmetic.ts';
import { BitReader, EOI, RST0 } from './bit-reader.ts';
import { colorSpace, writeColors } from './color.ts';
import { allocate, type Component, type Frame, readFrame } from './frame.ts';
import { addStandardTables, huffmanTable, type HuffmanTables } from './huffman-table.ts';
import { inverseDct } from './idct.ts';
import { isOdd, Lookahead, PIECE } from './lookahead.ts';
import { openJpeg } from './open.ts';
import { noteProgress, type Progress, progressiveBlocks, progressOf } from './progressive.ts';
import { readScanHeader, type Rehearsal, type ScanHeader, walkScan, ZIGZAG } from './scan.ts';
import { sequentialBlocks } from './sequential.ts';
import { smoothComponent, smoothingHelps } from './smoothing.ts';
import { isInterpolated, upsampler } from './upsample.ts';

/** A few kB of scans can ask for hours of work on a large picture; encoders write about a dozen. */
const MOST_SCAN_SAMPLES = 2 ** 33;

/** Kinds of frames (T.81 table B.1): SOF0, SOF1, SOF2, SOF9 and SOF10. */
const PROGRESSIVE: ReadonlySet<number> = new Set([0xc2, 0xca]);
const ARITHMETIC: ReadonlySet<number> = new Set([0xc9, 0xca]);
const FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, ...PROGRESSIVE, ...ARITHMETIC]);
/** DHT, DAC, SOS, DQT and DRI. */
const READ: ReadonlySet<number> = new Set([...FRAMES, 0xc4, 0xcc, 0xda, 0xdb, 0xdd]);
/** DNL, APPn and COM: known, and passed over, but for APP0 and APP14. */
const isPassedOver = (marker: number) =>
  marker === 0xdc || (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;

/**
 * @returns mode L, RGB or CMYK (inverted, as Adobe writes it and Pillow shows it)
 * @throws Error with Pillow's message and ours; RangeError above `maxPixels` or `maxScanSamples`
 */
export function decodeJpeg(bytes: Uint8Array, options: DecodeLimits & KernelOption = {}): RawImage {
  expectLimits(options);
  const { mode, width, height, orientation } = openJpeg(bytes);
  expectPixels(width, height, options);
  const stream = new JpegStream(bytes, options);
  return {
    mode,
    width,
    height,
    data: stream.decode(width * height * channelsOf(mode)),
    orientation,
  };
}

/** One file being read: what its segments have said so far. */
class JpegStream {
  readonly #file: Uint8Array;
  /** Whether an error leaves the rows that Pillow has by then, and black below. */
  readonly #pad: boolean;
  readonly #reader: BitReader;
  readonly #kernels: PixelKernels | undefined;
  /** What scans may still pass over. */
  #samplesLeft: number;
  readonly #quant: (Uint16Array | undefined)[] = [];
  readonly #huffman: HuffmanTables = { dc: [], ac: [] };
  readonly #conditioning = conditioning();
  #restartInterval = 0;
  #jfif = false;
  #adobe: number | undefined;
  #frame: Frame | undefined;
  #progress = new Map<Component, Progress>();
  #scans = 0;
  #lastGoodRow = 0;
  /** The whole picture comes in the first scan, so rows of MCUs need not be kept. */
  #oneScan = false;
  /** Rows of MCUs of such a picture that are done. */
  #mcuRows = 0;

  constructor(bytes: Uint8Array, options: DecodeLimits & KernelOption) {
    const pad = options.truncated === 'pad';
    this.#file = bytes;
    this.#pad = pad;
    this.#kernels = options.kernels;
    this.#samplesLeft = options.maxScanSamples ?? MOST_SCAN_SAMPLES;
    // Where the file ends, Pillow makes up an EOI.
    const padded = pad ? concat([bytes, Uint8Array.of(0xff, EOI)]) : bytes;
    this.#reader = new BitReader(padded, 2);
  }

  /** The picture's samples, `size` of them. */
  decode(size: number): Uint8Array {
    try {
      while (this.#nextSegment());
      return this.#show(size);
    } catch (error) {
      if (!this.#pad || error instanceof RangeError) throw error;
      const rows = this.#rowsAtError();
      return rows === 0
        ? new Uint8Array(size)
        : this.#show(size).fill(0, rows * (size / this.#frame!.height));
    }
  }

  #show(size: number): Uint8Array {
    const frame = this.#frame;
    if (!frame || this.#scans === 0) throw broken('jpeg: no scan');
    if (!this.#oneScan) this.#transformAll(frame);
    const space = colorSpace(frame, this.#jfif, this.#adobe);
    const rows = frame.components.map((c) => upsampler(frame, c, this.#kernels));
    const out = new Uint8Array(size);
    writeColors(space, frame, rows, out, this.#kernels);
    return out;
  }

  /** Rows of a picture in one scan that libjpeg has given when there is an error: all of them if it comes later. */
  #rowsAtError(): number {
    const done = this.#mcuRows;
    if (!this.#frame || done === 0) return 0;
    const { vMax, height, mcusDown, components } = this.#frame;
    // The last rows wait for those below where they are interpolated.
    const waits = components.some((c) => isInterpolated(this.#frame!, c)) ? 1 : 0;
    return done === mcusDown ? height : (done * 8 - waits) * vMax;
  }

  /** Reads one segment, and the scan behind a SOS. False after EOI, or where no more is needed. */
  #nextSegment(): boolean {
    const reader = this.#reader;
    const marker = reader.marker || reader.nextMarker();
    reader.marker = 0;
    if (marker === EOI) return false;
    if (marker === 0) return this.#ended();
    if (marker === 0x01 || (marker >= RST0 && marker < RST0 + 8)) return true; // no content
    if (!READ.has(marker) && !isPassedOver(marker)) {
      throw broken(`jpeg: unsupported marker 0x${marker.toString(16)}`);
    }
    if (FRAMES.has(marker) && this.#frame) throw broken('jpeg: two frames');
    const segment = this.#content();
    if (!segment) return this.#ended();
    if (segment.length < 0 && READ.has(marker)) throw broken('jpeg: a segment without length');
    this.#readSegment(marker, segment);
    return segment.whole || this.#ended();
  }

  /** A cut segment is read too, as libjpeg begins to: it ends the file, or what there is of it makes no sense. */
  #readSegment(marker: number, { content: segment, whole, length }: Segment): void {
    if (marker === 0xda) this.#readScan(segment, whole, length);
    else if (marker === 0xc4) this.#readHuffmanTables(segment, whole, length);
    else if (marker === 0xdb) this.#readQuantTables(segment, whole);
    else if (marker === 0xdd) this.#readInterval(segment, length);
    else if (marker === 0xe0) this.#jfif ||= segment.length >= 14 && startsWith(segment, 'JFIF\0');
    else if (marker === 0xee) {
      if (segment.length >= 12 && startsWith(segment, 'Adobe')) this.#adobe = segment[11]!;
    } else if (marker === 0xcc) readConditioning(segment, whole, this.#conditioning);
    else if (FRAMES.has(marker)) this.#startFrame(segment, marker);
  }

  /** The file ends without EOI. Pillow does not mind if it has all rows already. */
  #ended(): false {
    if (this.#oneScan) return false;
    throw truncated(this.#reader.data.length - this.#reader.position);
  }

  /** A segment, which begins with its length; undefined if not even that is there. */
  #content(): Segment | undefined {
    const reader = this.#reader;
    const { data, position } = reader;
    if (position + 2 > data.length) return undefined;
    const length = ((data[position]! << 8) | data[position + 1]!) - 2;
    reader.position = Math.min(position + 2 + Math.max(0, length), data.length);
    const content = data.subarray(position + 2, reader.position);
    return { content, length, whole: content.length >= length };
  }

  #readInterval(segment: Uint8Array, length: number): void {
    if (length !== 2) throw broken('jpeg: bad DRI');
    this.#restartInterval = (segment[0]! << 8) | segment[1]!;
  }

  #startFrame(segment: Uint8Array, marker: number): void {
    this.#frame = readFrame(segment, PROGRESSIVE.has(marker), ARITHMETIC.has(marker));
    this.#progress = progressOf(this.#frame);
  }

  #readQuantTables(segment: Uint8Array, whole: boolean): void {
    for (let at = 0; at < segment.length;) {
      const head = segment[at++]!;
      const wide = head >> 4 > 0;
      const table = new Uint16Array(64);
      if ((head & 15) > 3) throw broken(`jpeg: quantization table ${head & 15}`);
      if (at + (wide ? 128 : 64) > segment.length) {
        if (!whole) return;
        throw broken('jpeg: cut quantization table');
      }
      for (let k = 0; k < 64; k++) {
        const high = wide ? segment[at++]! : 0;
        table[ZIGZAG[k]!] = (high << 8) | segment[at++]!;
      }
      this.#quant[head & 15] = table;
    }
  }

  #readHuffmanTables(segment: Uint8Array, whole: boolean, length: number): void {
    for (let at = 0; at < segment.length;) {
      const head = segment[at]!;
      const counts = segment.subarray(at + 1, at + 17);
      const total = counts.reduce((sum, n) => sum + n, 0);
      const end = at + 17 + total;
      if (counts.length < 16 && !whole) return;
      if (total > 256 || end > length || (head & 0xec && end <= segment.length))
        throw broken('jpeg: bad DHT');
      if (end > segment.length) return;
      const kind = head & 0x10 ? 'ac' : 'dc';
      this.#huffman[kind][head & 3] = huffmanTable(counts, segment.subarray(at + 17, end));
      at = end;
    }
  }

  #readScan(segment: Uint8Array, whole: boolean, length: number): void {
    const frame = this.#frame;
    if (!frame) throw broken('jpeg: scan without a frame');
    const scan = readScanHeader(segment, frame, length);
    if (!whole) return;
    if (this.#scans++ === 0) {
      this.#oneScan = !frame.progressive && scan.components.length === frame.components.length;
      if (!frame.progressive) addStandardTables(this.#huffman);
      frame.components.forEach((c) => upsampler(frame, c)); // refuses odd sampling before allocating
      expectContent(frame, this.#file.length);
      allocate(frame, this.#oneScan);
    } else if (this.#oneScan) throw broken('jpeg: more scans than one');
    for (const c of scan.components) this.#samplesLeft -= c.blocksAcross * c.blocksDown * 64;
    if (this.#samplesLeft < 0) {
      const { width, height } = frame;
      throw new RangeError(
        `jpeg: ${this.#scans} scans or more of ${width}x${height} pixels exceed the limit maxScanSamples`,
      );
    }
    for (const c of scan.components) c.quant ??= this.#quantOf(c);
    // libjpeg's arithmetic decoder fails at the end of the file, before an EOI is made up.
    const reader = frame.arithmetic
      ? new BitReader(this.#file, this.#reader.position)
      : this.#reader;
    reader.reset();
    if (frame.progressive) noteProgress(scan, this.#progress, this.#scans === 1);
    const blocks = frame.arithmetic
      ? arithmeticBlocks(scan, this.#conditioning, reader, frame.progressive)
      : (frame.progressive ? progressiveBlocks : sequentialBlocks)(scan, this.#huffman, reader);
    const rowDone = this.#oneScan
      ? (row: number) => {
          transformRow(frame, row, this.#kernels);
          this.#mcuRows = row + 1;
        }
      : undefined;
    const interval = this.#restartInterval;
    const rehearsal = this.#rehearsal(frame, scan);
    this.#lastGoodRow = walkScan(frame, scan, reader, interval, blocks, rowDone, rehearsal);
    reader.ahead = undefined;
    reader.reset();
    this.#reader.position = reader.position;
    this.#reader.marker = reader.marker;
    if (this.#oneScan) this.#reader.endWithin(PIECE);
  }

  /** For sequential data that sound files do not have; makes the reader follow libjpeg's. */
  #rehearsal(frame: Frame, scan: ScanHeader): Rehearsal | undefined {
    const { data, position } = this.#reader;
    if (frame.progressive || frame.arithmetic || !isOdd(data, position)) return undefined;
    this.#reader.ahead = new Lookahead(data, position);
    if (this.#restartInterval > 0) return undefined; // libjpeg's fast path is for scans without
    const reader = new BitReader(data, position);
    reader.ahead = new Lookahead(data, position);
    reader.ahead.fast = true;
    return { reader, decoder: sequentialBlocks(scan, this.#huffman, reader) };
  }

  /** A component keeps the table that its slot held at its first scan. */
  #quantOf(c: Component): Uint16Array {
    const table = this.#quant[c.quantSlot];
    if (!table) throw broken(`jpeg: no quantization table ${c.quantSlot}`);
    return table.slice();
  }

  #transformAll(frame: Frame): void {
    const smooth = frame.progressive && smoothingHelps(frame, this.#progress);
    for (const c of frame.components) {
      // A component that no scan has sent is gray: all its steps are zero.
      c.quant ??= new Uint16Array(64);
      if (smooth) smoothComponent(frame, c, this.#progress.get(c)!, this.#lastGoodRow, this.#scans);
      else for (let row = 0; row < c.blocksDown; row++) transformBlocks(c, row, row, this.#kernels);
    }
  }
}

/** What a segment says behind its length. */
interface Segment {
  readonly content: Uint8Array;
  /** Bytes of content that its length promises. */
  readonly length: number;
  /** Whether all of them are there. */
  readonly whole: boolean;
}

/**
 * A large picture needs a bit of file for each block, at the very least; arithmetic coding can do with less. Pillow would
 * show what is less as gray; here it is an error, for a few bytes must not ask for a gigabyte.
 */
function expectContent(frame: Frame, bytes: number): void {
  const blocks = frame.components.reduce((sum, c) => sum + c.blocksAcross * c.blocksDown, 0);
  const most = bytes * 8 * (frame.arithmetic ? 64 : 1);
  if (frame.width * frame.height > 1 << 24 && blocks > most) {
    throw broken(`jpeg: ${bytes} bytes cannot hold ${frame.width}x${frame.height} pixels`);
  }
}

/** Decodes the samples of a row of MCUs, and clears its coefficients for the next row. */
function transformRow(frame: Frame, mcuRow: number, kernels: PixelKernels | undefined): void {
  for (const c of frame.components) {
    for (let j = 0; j < c.v && mcuRow * c.v + j < c.blocksDown; j++) {
      transformBlocks(c, j, mcuRow * c.v + j, kernels);
    }
    c.coefficients.fill(0);
  }
}

/** Block row `from` of the coefficients becomes block row `to` of the samples. */
function transformBlocks(
  c: Component,
  from: number,
  to: number,
  kernels: PixelKernels | undefined,
): void {
  const stride = c.blocksAcross * 8;
  const first = from * c.stride * 64;
  const blocks = c.coefficients.subarray(first, first + stride * 8);
  const rows = c.samples.subarray(to * 8 * stride, (to + 1) * 8 * stride);
  if (kernels?.inverseDct(blocks, c.quant!, rows)) return;
  for (let x = 0; x < c.blocksAcross; x++) {
    inverseDct(blocks, x * 64, c.quant!, rows, x * 8, stride);
  }
}

function startsWith(segment: Uint8Array, text: string): boolean {
  return [...text].every((char, i) => segment[i] === char.charCodeAt(0));
}
