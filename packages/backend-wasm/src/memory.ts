// What the engine's handles are: arrays in the WebAssembly memory, and weights that are on the host or packed until
// somebody needs their numbers.
import { isHalf, size, type DType, type Operand, type Shape } from '@siglip-ts/core';
import { Heap } from './heap.ts';
import type { Numbers } from './strided.ts';
import { packFloats, packNarrow, releasePanels, unpack } from './weights.ts';
import type { Storage } from './options.ts';
import type { Kernels, Panels } from './weights.ts';

export interface Block {
  /** Address of the numbers in row-major order; 0 where they are not in the memory. */
  at: number;
  /** The panels that products read, once a product wanted them. */
  panels: Panels | null;
  /** A weight's numbers until somebody needs them in the memory. */
  host: Numbers | null;
  released: boolean;
}
interface Mark {
  readonly depth: number;
}

export class Memory {
  heap: Heap;
  readonly #storage: Storage;
  #stack: Block[] = [];

  constructor(heap: Heap, storage: Storage) {
    this.heap = heap;
    this.#storage = storage;
  }

  constant(values: Numbers): Block {
    return { at: 0, panels: null, host: values, released: false };
  }
  upload(values: Numbers): Block {
    const block = this.#made(values.byteLength);
    this.#write(block.at, values);
    return block;
  }
  zeros(dtype: DType, shape: Shape): Block {
    const block = this.#made(size(shape) * (isHalf(dtype) ? 2 : 4));
    this.view(block.at, dtype, size(shape)).fill(0);
    return block;
  }
  /** Room for a float32 result. */
  output(shape: Shape): Block {
    return this.#made(4 * size(shape));
  }
  /** A view of an operand's numbers, good until the next allocation. */
  values(x: Operand): Numbers {
    return this.view(this.address(x), x.dtype, size(x.shape));
  }
  view(at: number, dtype: DType, n: number): Numbers {
    const { buffer } = this.heap.memory;
    if (dtype === 'int32') return new Int32Array(buffer, at, n);
    return isHalf(dtype) ? new Uint16Array(buffer, at, n) : new Float32Array(buffer, at, n);
  }
  assign(target: Operand, x: Operand): void {
    this.address(target); // first: it may move the memory
    this.address(x);
    this.values(target).set(this.values(x));
    this.#dropPanels(target.handle as Block);
  }
  free(block: Block): void {
    block.released = true;
    block.host = null;
    this.#dropNumbers(block);
    this.#dropPanels(block);
  }
  mark(): Mark {
    return { depth: this.#stack.length };
  }
  release(since: object, keep: readonly Block[]): void {
    const kept = new Set(keep);
    for (const block of this.#stack.splice((since as Mark).depth))
      if (kept.has(block)) this.#stack.push(block);
      else this.free(block);
  }
  /** WebAssembly memory never shrinks: it goes as a whole, with this. */
  dispose(): void {
    for (const block of this.#stack) block.released = true;
    this.#stack = [];
    this.heap = new Heap(new WebAssembly.Memory({ initial: 1 }));
  }

  /** Where the numbers are; brings a weight into the memory, from the host or out of its panels. */
  address(x: Operand): number {
    const block = x.handle as Block;
    if (block.released)
      throw new Error(`wasm: a tensor of shape [${x.shape.join(', ')}] was used after its release`);
    if (block.at) return block.at;
    const values = block.host ?? unpack(this.heap, block.panels!);
    block.at = this.heap.take(values.byteLength);
    this.#write(block.at, values);
    block.host = null;
    return block.at;
  }

  /** A matrix [n, k] as panels. A weight keeps them, and gives up its numbers; others are the caller's to release. */
  panels(x: Operand, n: number, k: number, run: Kernels): { panels: Panels; temporary: boolean } {
    const block = x.handle as Block;
    if (block.panels) return { panels: block.panels, temporary: false };
    const { host } = block;
    if (host instanceof Float32Array && this.#storage !== 'float32') {
      block.panels = packNarrow(this.heap, this.#storage, host, n, k);
      block.host = null;
      return { panels: block.panels, temporary: false };
    }
    const panels = packFloats(this.heap, run, this.address(x), n, k);
    if (!host) return { panels, temporary: true };
    block.panels = panels;
    this.#dropNumbers(block);
    return { panels, temporary: false };
  }

  #made(bytes: number): Block {
    const block = { at: this.heap.take(bytes), panels: null, host: null, released: false };
    this.#stack.push(block);
    return block;
  }
  #write(at: number, values: Numbers): void {
    new Uint8Array(this.heap.memory.buffer, at, values.byteLength).set(
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
  }
  #dropNumbers(block: Block): void {
    if (block.at) this.heap.release(block.at);
    block.at = 0;
  }
  #dropPanels(block: Block): void {
    if (block.panels) releasePanels(this.heap, block.panels);
    block.panels = null;
  }
}
