// Reads bits and markers from the entropy-coded part of a JPEG file.
// A 0xFF byte there is data only if 0x00 follows; else it starts a marker, which ends the segment.
// Past a marker the reader gives zeros for ever and remembers so, as libjpeg does: see `exhausted`.
import { truncated } from '../errors.ts';
import { AT_ONCE, extended, type HuffmanTable, LOOKAHEAD } from './huffman-table.ts';
import type { Lookahead } from './lookahead.ts';

export const RST0 = 0xd0;
export const EOI = 0xd9;

export class BitReader {
  data: Uint8Array;
  /** Offset of the next byte to read. */
  position: number;
  /** The marker that stopped the bits (its second byte), 0 if none did. */
  marker = 0;
  /** The low `count` bits are unread. */
  #buffer = 0;
  #count = 0;
  /** How many of the unread bits are zeros made up past a marker. */
  #invented = 0;
  /** Followed in odd data only. */
  ahead: Lookahead | undefined;
  /** From which offset on FF FF is a marker, as on libjpeg's fast path. */
  strictFrom = Infinity;
  /** With `ahead`: position, marker and made-up bits before each of the last bytes went into the buffer. */
  readonly #loads: [number, number, number][] = [];

  constructor(data: Uint8Array, position: number) {
    this.data = data;
    this.position = position;
  }

  /** Whether bits past the end of the segment have been used up: all that follows is made up. */
  get exhausted(): boolean {
    return this.#invented > this.#count;
  }

  /** Starts a new segment: drops what is left of the byte. */
  reset(): void {
    this.#buffer = this.#count = this.#invented = 0;
    this.ahead?.restart(this.position, this.marker !== 0);
    this.#loads.length = 0;
  }

  /** Lets go of what lies behind the piece it is in. */
  endWithin(piece: number): void {
    this.data = this.data.subarray(0, Math.ceil(this.position / piece) * piece);
  }

  /** Goes to where another reader of the same data is, to read on strictly what libjpeg has not loaded yet. */
  rehearse(other: BitReader, ahead: Lookahead): void {
    this.position = other.position;
    this.marker = other.marker;
    this.#buffer = other.#buffer;
    this.#count = other.#count;
    this.#invented = other.#invented;
    this.strictFrom = ahead.position;
    for (const [position, marker, invented] of [...other.#loads].reverse()) {
      if (position < ahead.position || this.#count < 8) break;
      this.position = position;
      this.marker = marker;
      this.#invented = invented;
      this.#buffer >>>= 8;
      this.#count -= 8;
    }
  }

  /** The symbol of the next Huffman code. A code that is in no table reads as 0 and takes 17 bits. */
  symbol(table: HuffmanTable): number {
    if (this.#count < 17) this.#fill();
    const { ahead } = this;
    ahead?.need(8);
    const entry = table.lookup[(this.#buffer >>> (this.#count - LOOKAHEAD)) & 0x1ff]!;
    if (entry !== 0) {
      const length = entry >> 8;
      if (length > 8) ahead?.takeLong(length);
      else ahead?.take(length);
      this.#count -= length;
      return entry & 0xff;
    }
    let length = LOOKAHEAD + 1;
    const { maxCode } = table;
    while (length < 17 && this.#peek(length) > maxCode[length]!) length++;
    const code = this.#peek(length);
    ahead?.takeLong(length);
    this.#count -= length;
    return length > 16 ? 0 : table.symbols[(code + table.offset[length]!) & 0xff]!;
  }

  /**
   * Reads AC coefficients of a sequential block from the k-th in zigzag order (`places`), as long as one look into
   * `atOnce` holds code and amplitude and no marker is near. Returns how far it came: 64 or more for all the block.
   */
  quickly(
    { atOnce }: HuffmanTable,
    places: Uint8Array,
    coefficients: Int16Array,
    at: number,
    k: number,
  ): number {
    if (this.marker !== 0 || this.ahead) return k;
    const { data } = this;
    const last = data.length - 1;
    let { position } = this;
    let buffer = this.#buffer;
    let count = this.#count;
    while (k < 64) {
      while (count <= 24 && position < last) {
        const byte = data[position]!;
        if (byte === 0xff && data[position + 1] !== 0) break;
        position += byte === 0xff ? 2 : 1;
        buffer = (buffer << 8) | byte;
        count += 8;
      }
      if (count < AT_ONCE) break;
      const entry = atOnce[(buffer >>> (count - AT_ONCE)) & ((1 << AT_ONCE) - 1)]!;
      if (entry === 0) break;
      count -= entry & 0xff;
      k += (entry >> 8) & 0xff;
      if (entry >> 16 !== 0) coefficients[at + places[k]!] = entry >> 16;
      k++;
    }
    this.position = position;
    this.#buffer = buffer;
    this.#count = count;
    return k;
  }

  /** The next n bits, 1 <= n <= 16, as an unsigned number. */
  bits(n: number): number {
    if (this.#count < n) this.#fill();
    this.ahead?.need(n);
    this.ahead?.take(n);
    this.#count -= n;
    return (this.#buffer >>> this.#count) & ((1 << n) - 1);
  }

  /** The next n bits as a signed amplitude. */
  amplitude(n: number): number {
    return extended(this.bits(n), n);
  }

  #peek(n: number): number {
    return (this.#buffer >>> (this.#count - n)) & ((1 << n) - 1);
  }

  /** Tops the buffer up to at least 25 bits. */
  #fill(): void {
    const { data } = this;
    while (this.#count <= 24) {
      if (this.ahead) {
        this.#loads.push([this.position, this.marker, this.#invented]);
        if (this.#loads.length > 4) this.#loads.shift();
      }
      let byte = 0;
      if (this.marker === 0 && this.#expectMore()) {
        byte = data[this.position++]!;
        if (byte === 0xff) byte = this.#afterFF();
      }
      if (this.marker !== 0) this.#invented += 8;
      this.#buffer = (this.#buffer << 8) | byte;
      this.#count += 8;
    }
  }

  /** The next byte of arithmetic-coded data; past a marker, which is no fault there, zeros. */
  byte(): number {
    if (this.marker !== 0) return 0;
    if (!this.#expectMore()) return 0;
    const byte = this.data[this.position++]!;
    return byte === 0xff ? this.#afterFF() : byte;
  }

  /** Whether the data has more bytes; an error if not, but where `ahead` is the judge of that. */
  #expectMore(): boolean {
    if (this.position < this.data.length) return true;
    if (!this.ahead) throw truncated(0);
    return false;
  }

  /** What a 0xFF stands for: the data byte 0xFF (FF 00, with any number of FFs), or a marker. */
  #afterFF(): number {
    const { data } = this;
    let byte: number;
    do {
      if (!this.#expectMore()) return 0;
      byte = data[this.position++]!;
    } while (byte === 0xff && this.position - 2 < this.strictFrom);
    if (byte === 0) return 0xff;
    this.marker = byte;
    return 0;
  }

  /** Moves to the next marker, over anything before it, and returns its second byte; 0 if there is none. */
  nextMarker(): number {
    const { data } = this;
    for (;;) {
      while (this.position < data.length && data[this.position] !== 0xff) this.position++;
      while (this.position < data.length && data[this.position] === 0xff) this.position++;
      if (this.position >= data.length) return 0;
      const marker = data[this.position++]!;
      if (marker !== 0) return marker;
    }
  }

  /**
   * Passes the restart marker RSTn that is due, n = `expected`. Where another marker stands instead, this
   * follows libjpeg's `jpeg_resync_to_restart`: a marker a little ahead stays for later (so the segment at
   * hand is empty), one a little behind is skipped, any other restart marker is taken as the one due.
   */
  restart(expected: number): void {
    if (this.marker === 0) this.marker = this.nextMarker();
    for (;;) {
      if (this.marker === 0) throw truncated(0);
      const n = this.marker - RST0;
      if (this.marker < 0xc0) this.marker = this.nextMarker();
      else if (n < 0 || n > 7) break;
      else {
        const ahead = (n - expected) & 7;
        if (ahead === 1 || ahead === 2) break;
        if (ahead === 6 || ahead === 7) this.marker = this.nextMarker();
        else {
          this.marker = 0;
          break;
        }
      }
    }
    // With a marker left over, `exhausted` must stay as it was: only fresh data ends a drought.
    const wasExhausted = this.exhausted;
    this.reset();
    if (this.marker !== 0 && wasExhausted) this.#invented = 1;
  }
}
