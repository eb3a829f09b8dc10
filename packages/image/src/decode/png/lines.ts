// From uncompressed bytes, in pieces of any length, to samples: each line is unfiltered and unpacked as soon as it is whole.
import { channelsOf } from '../../raw-image.ts';
import type { Layout } from './samples.ts';
import { type Pass, unfilter } from './scanlines.ts';

export class Lines {
  /** The picture's samples; zeros where no line has come yet. */
  readonly data: Uint8Array | Uint16Array;
  /** Whether all filters were known; at the first that is not the samples end. */
  known = true;
  readonly #passes: Iterator<Pass>;
  readonly #layout: Layout;
  readonly #width: number;
  #pass: Pass | undefined;
  #row = 0;
  /** The line at hand with its filter in front, how much of it has come, and the line above. */
  #line = new Uint8Array(0);
  #filled = 0;
  #above = new Uint8Array(0);

  constructor(passes: readonly Pass[], layout: Layout, width: number, height: number) {
    const samples = width * height * channelsOf(layout.mode);
    this.data = layout.mode === 'I;16' ? new Uint16Array(samples) : new Uint8Array(samples);
    this.#passes = passes[Symbol.iterator]();
    this.#layout = layout;
    this.#width = width;
    this.#nextPass();
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#pass && this.known;) {
      const part = bytes.subarray(at, at + this.#line.length - this.#filled);
      this.#line.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#line.length) this.#endLine(this.#pass);
    }
  }

  #nextPass(): void {
    const pass: Pass | undefined = this.#passes.next().value;
    this.#pass = pass;
    this.#row = 0;
    this.#line = new Uint8Array(1 + (pass?.lineBytes ?? 0));
    this.#above = new Uint8Array(this.#line.length);
  }

  #endLine(pass: Pass): void {
    const { unpack, bits, mode } = this.#layout;
    const line = this.#line.subarray(1);
    this.known = unfilter(this.#line[0]!, line, this.#above.subarray(1), Math.max(1, bits >> 3));
    if (!this.known) return;
    const channels = channelsOf(mode);
    const to = (pass.y + this.#row * pass.stepY) * this.#width + pass.x;
    unpack(line, pass.width, this.data, to * channels, pass.stepX * channels);
    [this.#line, this.#above] = [this.#above, this.#line];
    this.#filled = 0;
    if (++this.#row === pass.height) this.#nextPass();
  }
}
