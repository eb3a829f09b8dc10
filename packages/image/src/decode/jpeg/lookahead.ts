// How far libjpeg-turbo has read ahead of the bits in use. Nothing of a sound file depends on it; two faults do: data that
// ends without a marker is an error only where libjpeg would have loaded more, and FF FF 00 is read in two ways.
import { truncated } from '../errors.ts';

/** Bytes that Pillow hands to libjpeg at a time. With the picture complete it looks for EOI in those at hand only. */
export const PIECE = 65536;
/** Bytes that libjpeg wants at hand for each block before it takes its fast path. */
const AT_HAND = 512;

/** Whether data from `from` has FF FF 00 before the marker that ends it, or no such marker. */
export function isOdd(data: Uint8Array, from: number): boolean {
  for (let at = from; ;) {
    const first = data.indexOf(0xff, at);
    if (first < 0) return true;
    for (at = first; data[at] === 0xff;) at++;
    const marker = data[at];
    if (marker === undefined || (marker === 0 && at - first > 1)) return true;
    if (marker !== 0 && (marker & 0xf8) !== 0xd0) return false; // RSTn end a segment only
  }
}

export class Lookahead {
  /** Whether the MCU at hand is read on the fast path: 6 bytes at a time, and any FF but FF 00 is a marker. */
  fast = false;
  /** Whether a marker was seen: nothing is loaded any more. */
  stopped = false;
  readonly #data: Uint8Array;
  /** The next byte to load. */
  position = 0;
  #left = 0;
  #end = PIECE;

  constructor(data: Uint8Array, position: number) {
    this.#data = data;
    this.restart(position, false);
  }

  restart(position: number, stopped: boolean): void {
    this.position = position;
    this.#left = 0;
    this.stopped = stopped;
    this.#reach();
  }

  copy(other: Lookahead): void {
    this.stopped = other.stopped;
    this.position = other.position;
    this.#left = other.#left;
    this.#end = other.#end;
  }

  /** Whether libjpeg tries an MCU of so many blocks on its fast path. */
  tries(blocks: number): boolean {
    const end = Math.min(this.#end, this.#data.length);
    return !this.stopped && end - this.position >= AT_HAND * blocks;
  }

  /** Before n bits are looked at. */
  need(n: number): void {
    if (this.fast) {
      if (this.#left <= 16) for (let i = 0; i < 6; i++) this.#load();
    } else if (this.#left < n) {
      while (this.#left < 57 && !this.stopped) this.#load();
    }
  }

  take(n: number): void {
    this.#left -= n;
  }

  /** Takes a code of more than 8 bits: on the slow path 9 at first, and each further one by itself. */
  takeLong(length: number): void {
    if (this.fast) this.#left -= length;
    else for (let n = 9; n <= length; n++) this.#takeNext(n === 9 ? 9 : 1);
  }

  #takeNext(n: number): void {
    this.need(n);
    this.#left -= n;
  }

  #load(): void {
    this.#left += 8;
    let at = this.position;
    const data = this.#data;
    if (data[at++] === 0xff) {
      if (!this.fast) while (data[at] === 0xff) at++;
      this.stopped ||= at < data.length && data[at] !== 0;
      if (this.stopped) return;
      at++;
    }
    if (at > data.length) throw truncated(0);
    this.position = at;
    this.#reach();
  }

  #reach(): void {
    while (this.#end < this.position) this.#end += PIECE;
  }
}
