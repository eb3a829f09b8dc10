// How WebAssembly writes numbers, lists and sections, and how they are read again. Nothing of instructions.

/** Unsigned LEB128. */
export function uleb(n: number): number[] {
  const bytes: number[] = [];
  do {
    const low = n & 0x7f;
    n = Math.floor(n / 128);
    bytes.push(n > 0 ? low | 0x80 : low);
  } while (n > 0);
  return bytes;
}

/** Signed LEB128 of an int32. */
export function sleb(n: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = n & 0x7f;
    n >>= 7;
    const last = (n === 0 && !(low & 0x40)) || (n === -1 && (low & 0x40) !== 0);
    bytes.push(last ? low : low | 0x80);
    if (last) return bytes;
  }
}

export const f32Bytes = (x: number): number[] => [...new Uint8Array(Float32Array.of(x).buffer)];

export const vector = (items: readonly (readonly number[])[]): number[] => [
  ...uleb(items.length),
  ...items.flat(),
];
export const sized = (bytes: readonly number[]): number[] => [...uleb(bytes.length), ...bytes];
export const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...sized(content),
];
export const ascii = (s: string): number[] => [...s].map((c) => c.charCodeAt(0));
export const text = (s: string): number[] => sized(ascii(s));
/** The limits of an imported memory: from one page on; one that threads share has a greatest size too. */
export const limits = (shared: boolean): number[] =>
  shared ? [0x03, ...uleb(1), ...uleb(65536)] : [0x00, ...uleb(1)];

export class Reader {
  at = 0;
  readonly #code: Uint8Array;
  constructor(code: ArrayLike<number>) {
    this.#code = code instanceof Uint8Array ? code : new Uint8Array(code);
  }
  get done(): boolean {
    return this.at >= this.#code.length;
  }
  byte(): number {
    return this.#code[this.at++]!;
  }
  bytes(n: number): Uint8Array {
    return this.#code.slice(this.at, (this.at += n));
  }
  /** Also passes over a signed number. */
  uleb(): number {
    let n = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.byte();
      n += (byte & 0x7f) * shift;
      if (byte < 128) return n;
    }
  }
  pair(): void {
    this.uleb();
    this.uleb();
  }
  since(at: number): Uint8Array {
    return this.#code.slice(at, this.at);
  }
}
