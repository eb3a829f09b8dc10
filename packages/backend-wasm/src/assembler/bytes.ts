// How WebAssembly writes numbers, lists and sections. Nothing of instructions.

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
