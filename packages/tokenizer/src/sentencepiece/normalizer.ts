// sentencepiece's normalizer: rewrites characters by a charsmap, tidies spaces and shows them as
// "▁". Works on UTF-8 bytes because the charsmap's rules and the pieces are bytes. Unicode itself
// is not here: it is in the map.
import { utf8Encode, utf8Length } from '../text/utf8.ts';
import { type ByteTrie, byteTrie, childOf, longestPrefix } from './byte-trie.ts';
import { Charsmap } from './charsmap.ts';
import type { NormalizerSpec } from './model.ts';

const SPACE = 0x20;
const UNDERLINE = utf8Encode('▁');
const PLAIN_SPACE = utf8Encode(' ');
const REPLACEMENT = utf8Encode('\ufffd');
/** NFKC grows a text at most 11 times; a hostile map must not fill the memory. */
const MAX_GROWTH = 64;

export interface NormalizerOptions {
  /** The dummy space goes to the end (a trainer setting). */
  spaceAsSuffix?: boolean;
  /** User-defined symbols: found in the text as it comes and kept as they are. */
  symbols?: readonly string[];
}

/** Normalizer in sentencepiece (src/normalizer.cc). */
export class Normalizer {
  readonly #spec: NormalizerSpec;
  readonly #charsmap: Charsmap | null;
  readonly #space: Uint8Array;
  readonly #spaceAsSuffix: boolean;
  readonly #symbols: ByteTrie | null;
  /** 1 for the ASCII bytes that neither a rule nor a symbol touches unless a mark follows them. */
  readonly untouched: Uint8Array;
  #out = new Uint8Array(1024);
  #length = 0;

  // What the next stretch of text becomes: bytes [from, to) of `source`; `consumed` bytes of the
  // text are behind it.
  #source: Uint8Array = REPLACEMENT;
  #from = 0;
  #to = 0;
  #consumed = 0;

  /** Throws an Error for a malformed charsmap. */
  constructor(spec: NormalizerSpec, options: NormalizerOptions = {}) {
    this.#spec = spec;
    this.#charsmap = spec.precompiled_charsmap.length
      ? new Charsmap(spec.precompiled_charsmap, 'spiece.model')
      : null;
    this.#space = spec.escape_whitespaces ? UNDERLINE : PLAIN_SPACE;
    this.#spaceAsSuffix = options.spaceAsSuffix ?? false;
    const symbols = options.symbols ?? [];
    const values = symbols.map(() => 0);
    this.#symbols = symbols.length ? byteTrie(symbols, values) : null;
    this.untouched = Uint8Array.from({ length: 256 }, (_, byte) => Number(this.#isUntouched(byte)));
  }

  /** The normalised bytes of `text[0, size)`: a view that holds until the next call. */
  normalize(text: Uint8Array, size: number): Uint8Array {
    const tidy = this.#spec.remove_extra_whitespaces;
    this.#length = 0;
    let at = tidy ? this.#skipSpaces(text, size) : 0;
    if (at === size) return this.#out.subarray(0, 0); // not even the dummy space

    const dummy = this.#spec.add_dummy_prefix;
    if (dummy && !this.#spaceAsSuffix) this.#append(this.#space, 0, this.#space.length);
    for (let afterSpace = tidy; at < size; at += this.#consumed) {
      this.#stretch(text, at, size);
      let from = this.#from;
      if (afterSpace) while (from < this.#to && this.#source[from] === SPACE) from++;
      if (from < this.#to) {
        this.#append(this.#source, from, this.#to);
        afterSpace = tidy && this.#source[this.#to - 1] === SPACE;
      }
      if (this.#length > MAX_GROWTH * (size + 16))
        throw new RangeError(
          `normalizer: the charsmap makes the text more than ${MAX_GROWTH} times longer`,
        );
    }
    if (tidy) while (this.#endsWithSpace()) this.#length -= this.#space.length;
    if (dummy && this.#spaceAsSuffix) this.#append(this.#space, 0, this.#space.length);

    const normalized = this.#out.subarray(0, this.#length);
    if (this.#out.length > 1 << 20) this.#out = new Uint8Array(1024); // keep no large buffer
    return normalized;
  }

  #skipSpaces(text: Uint8Array, size: number): number {
    let at = 0;
    for (; at < size; at += this.#consumed) {
      this.#next(text, at, size);
      if (this.#to - this.#from !== 1 || this.#source[this.#from] !== SPACE) break;
    }
    return at;
  }

  #isUntouched(byte: number): boolean {
    const beginsSymbol = this.#symbols !== null && childOf(this.#symbols, 0, byte) >= 0;
    return byte < 0x80 && !beginsSymbol && !this.#charsmap?.changesAscii(byte);
  }

  /** Where the ASCII from `at` on ends that stays as it is: words with single spaces between. */
  #plainEnd(text: Uint8Array, at: number, size: number): number {
    const { untouched } = this;
    let end = at;
    for (let before = SPACE; end < size; end++) {
      const byte = text[end]!;
      if (untouched[byte] === 0 || (byte === SPACE && before === SPACE)) break;
      before = byte;
    }
    // What follows may be a mark that composes with the last one.
    return end < size && end > at && text[end]! >= 0x80 ? end - 1 : end;
  }

  /** Plain ASCII all at once, and the rest by the rules. */
  #stretch(text: Uint8Array, at: number, size: number): void {
    const end = this.#plainEnd(text, at, size);
    if (end === at) return this.#next(text, at, size);
    this.#source = text;
    this.#from = at;
    this.#to = end;
    this.#consumed = end - at;
  }

  /** Normalizer::NormalizePrefix: a symbol, else the longest rule, else one character. */
  #next(text: Uint8Array, at: number, size: number): void {
    this.#source = text;
    this.#from = at;
    const symbol = this.#symbols === null ? 0 : longestPrefix(this.#symbols, text, at, size);
    const rule =
      symbol > 0 || this.#charsmap === null ? 0 : this.#charsmap.longestPrefix(text, at, size);
    if (rule > 0) {
      this.#consumed = rule;
      this.#source = this.#charsmap!.replacements;
      this.#from = this.#charsmap!.start;
      this.#to = this.#charsmap!.end;
      return;
    }
    const length = symbol || utf8Length(text, at, size);
    this.#consumed = length || 1;
    this.#to = at + length;
    if (length === 0) {
      this.#source = REPLACEMENT;
      this.#from = 0;
      this.#to = REPLACEMENT.length;
    }
  }

  /** Copies bytes, each space in its shown form. */
  #append(bytes: Uint8Array, from: number, to: number): void {
    const room = this.#length + 3 * (to - from);
    if (room > this.#out.length) {
      const old = this.#out;
      this.#out = new Uint8Array(2 * room);
      this.#out.set(old);
    }
    const out = this.#out;
    const escapes = this.#spec.escape_whitespaces;
    let length = this.#length;
    for (let i = from; i < to; i++) {
      const byte = bytes[i]!;
      if (byte === SPACE && escapes) {
        out[length++] = UNDERLINE[0]!;
        out[length++] = UNDERLINE[1]!;
        out[length++] = UNDERLINE[2]!;
      } else out[length++] = byte;
    }
    this.#length = length;
  }

  #endsWithSpace(): boolean {
    const start = this.#length - this.#space.length;
    return start >= 0 && this.#space.every((byte, i) => this.#out[start + i] === byte);
  }
}
