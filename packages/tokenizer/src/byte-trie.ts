// A trie over bytes in typed arrays: one open-addressed hash table from (node, byte) to the child node.
// Keys can be added at any time and are never removed.

const EMPTY = -1;
/** (node << 8 | byte) must stay a positive int32. */
const MAX_NODES = 1 << 23;

export class ByteTrie {
  #keys = new Int32Array(64).fill(EMPTY);
  #children = new Int32Array(64);
  #values = new Int32Array(32).fill(EMPTY);
  #nodes = 1;
  /** 32 minus the number of bits of a slot. */
  #shift = 32 - 6;
  /** Odd, and different each time, so that no hostile file can aim all its keys at one slot. */
  readonly #multiplier = Math.floor(Math.random() * 2 ** 31) * 2 + 1;

  /** The node a byte leads to, or -1. Node 0 is the root. */
  child(node: number, byte: number): number {
    const key = (node << 8) | byte;
    const mask = this.#keys.length - 1;
    for (let slot = this.#hash(key); ; slot = (slot + 1) & mask) {
      const found = this.#keys[slot]!;
      if (found === key) return this.#children[slot]!;
      if (found === EMPTY) return -1;
    }
  }

  /** The value of the key that ends at this node, or -1. */
  value(node: number): number {
    return this.#values[node]!;
  }

  /** Adds a key with a value of 0 or more. */
  add(key: Uint8Array, value: number): void {
    let node = 0;
    for (const byte of key) {
      const next = this.child(node, byte);
      node = next >= 0 ? next : this.#grow(node, byte);
    }
    this.#values[node] = value;
  }

  /** The length of the longest key that `text` has at `at`, or 0. */
  longestPrefix(text: Uint8Array, at: number, end: number): number {
    let length = 0;
    for (let i = at, node = 0; i < end; i++) {
      node = this.child(node, text[i]!);
      if (node < 0) break;
      if (this.#values[node]! >= 0) length = i + 1 - at;
    }
    return length;
  }

  #hash(key: number): number {
    return Math.imul(key, this.#multiplier) >>> this.#shift;
  }

  #grow(parent: number, byte: number): number {
    const node = this.#nodes++;
    if (node >= MAX_NODES) throw new RangeError(`trie: more than ${MAX_NODES} nodes`);
    if (node >= this.#values.length) {
      const old = this.#values;
      this.#values = new Int32Array(old.length * 2).fill(EMPTY, old.length);
      this.#values.set(old);
    }
    if (2 * node > this.#keys.length) this.#rehash(); // at most half full
    this.#insert((parent << 8) | byte, node);
    return node;
  }

  #insert(key: number, node: number): void {
    const mask = this.#keys.length - 1;
    let slot = this.#hash(key);
    while (this.#keys[slot] !== EMPTY) slot = (slot + 1) & mask;
    this.#keys[slot] = key;
    this.#children[slot] = node;
  }

  #rehash(): void {
    const keys = this.#keys;
    const children = this.#children;
    this.#keys = new Int32Array(keys.length * 2).fill(EMPTY);
    this.#children = new Int32Array(keys.length * 2);
    this.#shift--;
    for (let i = 0; i < keys.length; i++)
      if (keys[i] !== EMPTY) this.#insert(keys[i]!, children[i]!);
  }
}
