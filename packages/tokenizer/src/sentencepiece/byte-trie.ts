// A trie over byte strings as a double array: whatever the number of a node's children, one of them
// is found with an exclusive or and a comparison. Built once, read often.

/** Nodes come in blocks of this many; the children of a node lie in one of them. */
const BLOCK = 256;
/** The byte of a node that is not there. */
const NO_BYTE = 0x100;

/**
 * Two numbers for each node: the place of its children, and its value (or -1) with, in the lowest 9
 * bits, the byte that leads to it.
 *
 * A place `p` has room for a child by every byte `b`, at `p ^ b`; children of several nodes share a
 * block, but no two nodes have the same place, so the byte says whose child a node is. Node 0 is
 * the root and alone in its block: place 0, which is that of nodes without children, leads nowhere.
 */
export type ByteTrie = Int32Array;

/** The node a byte leads to, or -1. Node 0 is the root. */
export function childOf(trie: ByteTrie, node: number, byte: number): number {
  const child = trie[2 * node]! ^ byte;
  return (trie[2 * child + 1]! & 0x1ff) === byte ? child : -1;
}

/** The value of the key that ends at this node, or -1. */
export function valueOf(trie: ByteTrie, node: number): number {
  return trie[2 * node + 1]! >> 9;
}

/** The length of the longest key that `text` has at `at`, or 0. */
export function longestPrefix(trie: ByteTrie, text: Uint8Array, at: number, end: number): number {
  let length = 0;
  for (let i = at, node = 0; i < end; i++) {
    node = childOf(trie, node, text[i]!);
    if (node < 0) break;
    if (valueOf(trie, node) >= 0) length = i + 1 - at;
  }
  return length;
}

/** The keys must be different and not empty; `values` are 0 or more, and less than 2 ** 22. */
export function byteTrie(keys: readonly Uint8Array[], values: readonly number[]): ByteTrie {
  const names = keys.map((key) => String.fromCharCode(...key)); // compared faster than arrays
  const order = [...keys.keys()].sort((a, b) => (names[a]! < names[b]! ? -1 : 1));
  const blocks = new Blocks();
  // Level by level: a node stands for the sorted keys [from, to), which agree in their first bytes.
  let level = [{ node: 0, from: 0, to: keys.length }];
  for (let depth = 0; level.length > 0; depth++) {
    const byteAt = (at: number): number => keys[order[at]!]![depth]!;
    const deeper: typeof level = [];
    for (let { node, from, to } of level) {
      if (from < to && keys[order[from]!]!.length === depth)
        blocks.setValue(node, values[order[from++]!]!);
      const starts: number[] = []; // where the keys of each child begin
      for (let at = from; at < to; at++)
        if (at === from || byteAt(at) !== byteAt(at - 1)) starts.push(at);
      const children = blocks.addChildren(node, starts.map(byteAt));
      children.forEach((child, i) =>
        deeper.push({ node: child, from: starts[i]!, to: starts[i + 1] ?? to }),
      );
    }
    level = deeper;
  }
  return Int32Array.from(blocks.units);
}

/** The nodes while they are being laid out. */
class Blocks {
  readonly units: number[] = [];
  /** In the last block: which nodes are there, and which places are some node's. */
  readonly #taken = new Uint8Array(BLOCK);
  readonly #places = new Uint8Array(BLOCK);

  constructor() {
    this.#open(); // the root's
    this.#open();
  }

  #open(): void {
    for (let i = 0; i < BLOCK; i++) this.units.push(0, unit(-1, NO_BYTE));
    this.#taken.fill(0);
    this.#places.fill(0);
  }

  setValue(node: number, value: number): void {
    this.units[2 * node + 1] = unit(value, this.units[2 * node + 1]! & 0x1ff);
  }

  /** Makes a node for each byte and returns them. Earlier blocks are full enough to be left so. */
  addChildren(parent: number, bytes: readonly number[]): number[] {
    if (bytes.length === 0) return [];
    let place = this.#freePlace(bytes);
    if (place === BLOCK) {
      this.#open();
      place = 0;
    }
    this.#places[place] = 1;
    const block = this.units.length / 2 - BLOCK;
    this.units[2 * parent] = block + place;
    return bytes.map((byte) => {
      const at = place ^ byte;
      this.#taken[at] = 1;
      this.units[2 * (block + at) + 1] = unit(-1, byte);
      return block + at;
    });
  }

  /** The first place in the last block with room for these children, or BLOCK. */
  #freePlace(bytes: readonly number[]): number {
    const taken = this.#taken;
    let place = 0;
    search: for (; place < BLOCK; place++) {
      if (this.#places[place]) continue;
      for (let i = 0; i < bytes.length; i++) if (taken[place ^ bytes[i]!]) continue search;
      break;
    }
    return place;
  }
}

const unit = (value: number, byte: number): number => (value << 9) | byte;
