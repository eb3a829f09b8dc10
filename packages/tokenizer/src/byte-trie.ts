// A trie over byte strings in typed arrays, built once. Nodes are numbered level by level, so that
// the children of a node are neighbours and those near the root, which are visited most, share few
// cache lines.

/** From this many children on, a node has a row of 256 entries instead of a list to search. */
const DENSE = 16;

export class ByteTrie {
  /** Per node: its first child, or ~row of a node with many children. */
  readonly #first: Int32Array;
  readonly #count: Uint8Array;
  /** Per node: the byte that leads to it. */
  readonly #label: Uint8Array;
  readonly #value: Int32Array;
  readonly #rows: Int32Array;

  /** The keys must be different and not empty; `values` are 0 or more. */
  constructor(keys: readonly Uint8Array[], values: readonly number[]) {
    const names = keys.map((key) => String.fromCharCode(...key)); // compared faster than arrays
    const order = [...keys.keys()].sort((a, b) => (names[a]! < names[b]! ? -1 : 1));
    // Node i stands for the sorted keys [from[i], to[i]), which agree in their first depth[i]
    // bytes.
    const from = [0];
    const to = [keys.length];
    const depth = [0];
    const label = [0];
    const first: number[] = [];
    const count: number[] = [];
    const value: number[] = [];
    for (let node = 0; node < from.length; node++) {
      let at = from[node]!;
      const end = to[node]!;
      const level = depth[node]!;
      const ends = at < end && keys[order[at]!]!.length === level;
      value.push(ends ? values[order[at++]!]! : -1);
      first.push(from.length);
      while (at < end) {
        const byte = keys[order[at]!]![level]!;
        from.push(at);
        while (at < end && keys[order[at]!]![level] === byte) at++;
        to.push(at);
        depth.push(level + 1);
        label.push(byte);
      }
      count.push(from.length - first[node]!);
    }
    this.#label = Uint8Array.from(label);
    this.#value = Int32Array.from(value);
    this.#first = Int32Array.from(first);
    this.#count = Uint8Array.from(count, (n) => Math.min(n, DENSE));
    this.#rows = this.#makeRows(count);
  }

  #makeRows(count: readonly number[]): Int32Array {
    const dense = [...count.keys()].filter((node) => count[node]! >= DENSE);
    const rows = new Int32Array(256 * dense.length).fill(-1);
    dense.forEach((node, row) => {
      const first = this.#first[node]!;
      for (let child = first; child < first + count[node]!; child++)
        rows[256 * row + this.#label[child]!] = child;
      this.#first[node] = ~row;
    });
    return rows;
  }

  /** The node a byte leads to, or -1. Node 0 is the root. */
  child(node: number, byte: number): number {
    const first = this.#first[node]!;
    if (first < 0) return this.#rows[256 * ~first + byte]!;
    for (let child = first, end = first + this.#count[node]!; child < end; child++)
      if (this.#label[child] === byte) return child;
    return -1;
  }

  /** The value of the key that ends at this node, or -1. */
  value(node: number): number {
    return this.#value[node]!;
  }

  /** The length of the longest key that `text` has at `at`, or 0. */
  longestPrefix(text: Uint8Array, at: number, end: number): number {
    let length = 0;
    for (let i = at, node = 0; i < end; i++) {
      node = this.child(node, text[i]!);
      if (node < 0) break;
      if (this.#value[node]! >= 0) length = i + 1 - at;
    }
    return length;
  }
}
