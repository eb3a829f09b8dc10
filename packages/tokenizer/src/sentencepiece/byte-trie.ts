// A trie over byte strings as a double array: whatever the number of a node's children, one of them
// is found with an exclusive or and a comparison. Built once, read often.
import { utf8Into } from '../text/utf8.ts';

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

/** Of the UTF-8 of texts, which must be different and not empty; `values` are 0 or more, and less than 2 ** 22. */
export function byteTrie(texts: readonly string[], values: readonly number[]): ByteTrie {
  const keys = new Uint8Array(texts.reduce((sum, text) => sum + 3 * text.length, 0));
  let size = 0;
  const ends = Int32Array.from(texts, (text) => (size = utf8Into(text, keys, size)));
  const blocks = new Blocks();
  // Keys that agree in their first bytes lie side by side; with each level they are put in order by one byte more.
  let order = ends.map((_, key) => key);
  let next = new Int32Array(order.length);
  let depth = 0;
  const counts = new Int32Array(BLOCK);
  const bytes: number[] = [];

  /** Makes the children of a node, which stands for the keys [from, to), and notes for which each of them stands. */
  function grow(node: number, from: number, to: number, children: number[]): void {
    bytes.length = 0;
    for (let i = from; i < to; i++) {
      const key = order[i]!;
      const at = (key > 0 ? ends[key - 1]! : 0) + depth;
      if (at === ends[key]) blocks.setValue(node, values[key]!);
      else if (counts[keys[at]!]!++ === 0) bytes.push(keys[at]!);
    }
    const place = blocks.addChildren(node, bytes);
    let start = from;
    for (const byte of bytes) {
      const end = start + counts[byte]!;
      children.push(place ^ byte, start, end);
      counts[byte] = start;
      start = end;
    }
    for (let i = from; i < to; i++) {
      const key = order[i]!;
      const at = (key > 0 ? ends[key - 1]! : 0) + depth;
      if (at < ends[key]!) next[counts[keys[at]!]!++] = key;
    }
    for (const byte of bytes) counts[byte] = 0;
  }

  for (let level = [0, 0, order.length]; level.length > 0; depth++) {
    const deeper: number[] = [];
    for (let i = 0; i < level.length; i += 3) grow(level[i]!, level[i + 1]!, level[i + 2]!, deeper);
    level = deeper;
    [order, next] = [next, order];
  }
  return blocks.units.subarray(0, 2 * blocks.size);
}

/** The nodes while they are being laid out. */
class Blocks {
  units = new Int32Array(16 * BLOCK);
  /** How many nodes have been made room for. */
  size = 0;
  /** In the last block: which nodes are there, and which places are some node's. */
  readonly #taken = new Uint8Array(BLOCK);
  readonly #places = new Uint8Array(BLOCK);
  /** All places before this one are some node's. */
  #first = 0;

  constructor() {
    this.#open(); // the root's
    this.#open();
  }

  #open(): void {
    const begin = 2 * this.size;
    const end = begin + 2 * BLOCK;
    if (end > this.units.length) {
      const old = this.units;
      this.units = new Int32Array(2 * old.length);
      this.units.set(old);
    }
    for (let i = begin + 1; i < end; i += 2) this.units[i] = unit(-1, NO_BYTE);
    this.size += BLOCK;
    this.#taken.fill(0);
    this.#places.fill(0);
    this.#first = 0;
  }

  setValue(node: number, value: number): void {
    this.units[2 * node + 1] = unit(value, this.units[2 * node + 1]! & 0x1ff);
  }

  /** Makes a node for each byte, at `place ^ byte`, and returns the place. Earlier blocks are full enough to be left so. */
  addChildren(parent: number, bytes: readonly number[]): number {
    if (bytes.length === 0) return 0;
    let place = this.#freePlace(bytes);
    if (place === BLOCK) {
      this.#open();
      place = 0;
    }
    this.#places[place] = 1;
    const block = this.size - BLOCK;
    this.units[2 * parent] = block + place;
    for (const byte of bytes) {
      const at = place ^ byte;
      this.#taken[at] = 1;
      this.units[2 * (block + at) + 1] = unit(-1, byte);
    }
    return block + place;
  }

  /** The first place in the last block with room for these children, or BLOCK. */
  #freePlace(bytes: readonly number[]): number {
    const taken = this.#taken;
    const places = this.#places;
    while (places[this.#first]) this.#first++;
    let place = this.#first;
    search: for (; place < BLOCK; place++) {
      if (places[place]) continue;
      for (let i = 0; i < bytes.length; i++) if (taken[place ^ bytes[i]!]) continue search;
      break;
    }
    return place;
  }
}

const unit = (value: number, byte: number): number => (value << 9) | byte;
