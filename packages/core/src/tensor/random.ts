// Numbers that look random and are the same everywhere: of a seed that is a text. Not for secrets.

/** Uniform numbers in [0, 1): mulberry32, seeded by FNV-1a of a text. */
export function generator(text: string): () => number {
  let a = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** 0 … n - 1 in an order that the text fixes: Fisher and Yates's shuffle. */
export function permutation(n: number, text: string): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const random = generator(text);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
