// The precompiled character map of a normalizer: a darts-clone double array over UTF-8 bytes that
// leads to replacement strings. Reads such a map; it does not build one.
//
// The bytes are: the trie's size (u32, little endian), the trie's units (u32 each), then the
// replacements, each ended by a NUL byte. A leaf's value is the offset of its replacement.

/** The unit's children lie at `index ^ offset ^ byte`. */
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
/** Where this is not a byte (0 to 255) the unit is a leaf. */
const labelOf = (unit: number): number => (unit & 0x800000ff) >>> 0;
const hasLeaf = (unit: number): boolean => (unit & 0x100) !== 0;
const valueOf = (unit: number): number => unit & 0x7fffffff;

export class Charsmap {
  readonly #units: Uint32Array;
  /** All replacement strings. */
  readonly replacements: Uint8Array;
  /** Where in `replacements` the last match's string begins; set by `longestPrefix`. */
  start = 0;
  /** Where it ends. */
  end = 0;

  /**
   * Throws an Error with `file`'s name for sizes and offsets that point outside, as sentencepiece 0.2.3 refuses them.
   */
  constructor(bytes: Uint8Array, file: string) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = bytes.length > 4 ? view.getUint32(0, true) : 0;
    if (size < 1024 || size % 1024 !== 0 || size >= bytes.length - 4)
      throw new Error(`${file}: charsmap: a trie of ${size} bytes in ${bytes.length} bytes`);
    // A copy, because units lie on a boundary; every machine that runs JavaScript is little-endian.
    this.#units = new Uint32Array(new Uint8Array(bytes.subarray(4, 4 + size)).buffer);
    this.replacements = bytes.subarray(4 + size);
    if (this.replacements[this.replacements.length - 1] !== 0)
      throw new Error(`${file}: charsmap: the last replacement is not ended by a NUL byte`);
    if (!this.#isSound()) throw new Error(`${file}: charsmap: the trie points outside itself`);
  }

  /** The checks that let `longestPrefix` follow the units blindly. */
  #isSound(): boolean {
    const units = this.#units;
    const replacements = this.replacements.length;
    const fits = (i: number): boolean => ((i ^ offsetOf(units[i]!)) | 0xff) >>> 0 < units.length;
    const root = units[0]!;
    if (labelOf(root) !== 0 || hasLeaf(root) || offsetOf(root) === 0 || !fits(0)) return false;
    for (let i = 1; i < units.length; i++) {
      const unit = units[i]!;
      if (labelOf(unit) > 0xff) {
        if (valueOf(unit) >= replacements) return false;
      } else {
        if (!fits(i)) return false;
        if (hasLeaf(unit) && labelOf(units[i ^ offsetOf(unit)]!) <= 0xff) return false;
      }
    }
    return true;
  }

  /** Whether a rule is this byte, or begins with it and an ASCII byte. */
  changesAscii(byte: number): boolean {
    const units = this.#units;
    const node = offsetOf(units[0]!) ^ byte;
    if (labelOf(units[node]!) !== byte) return false;
    const children = node ^ offsetOf(units[node]!);
    const isChild = (next: number): boolean => labelOf(units[children ^ next]!) === next;
    return hasLeaf(units[node]!) || [...Array(0x80).keys()].some(isChild);
  }

  /**
   * The number of bytes from `at` on that the longest rule covers, 0 where no rule begins.
   * Its replacement is then `replacements[start, end)`.
   */
  longestPrefix(text: Uint8Array, at: number, end: number): number {
    return this.#prefix(text, at, end, false);
  }

  /** The same of the shortest rule. */
  shortestPrefix(text: Uint8Array, at: number, end: number): number {
    return this.#prefix(text, at, end, true);
  }

  #prefix(text: Uint8Array, at: number, end: number, shortest: boolean): number {
    const units = this.#units;
    let node = 0;
    let unit = units[0]!;
    let length = 0;
    let value = 0;
    for (let i = at; i < end; i++) {
      const byte = text[i]!;
      node ^= offsetOf(unit) ^ byte;
      unit = units[node]!;
      if (labelOf(unit) !== byte) break;
      if (hasLeaf(unit)) {
        length = i + 1 - at;
        value = valueOf(units[node ^ offsetOf(unit)]!);
        if (shortest) break;
      }
    }
    if (length > 0) {
      this.start = value;
      this.end = this.replacements.indexOf(0, value);
    }
    return length;
  }
}
