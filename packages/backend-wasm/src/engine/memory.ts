// What the engine's handles are: arrays in the WebAssembly memory, and weights that are on the host or packed until
// somebody needs their numbers.
import {
  BYTES,
  type DType,
  isHalf,
  type Operand,
  type Shape,
  size,
  type Values,
} from '@siglip-ts/core';
import { expectAlive, stack } from '@siglip-ts/core/kit';
import type { Kernels } from '../assembler/kernel.ts';
import { Heap } from './heap.ts';
import type { Storage } from './options.ts';
import { packFloats, packNarrow, type Panels, releasePanels, unpack } from './weights.ts';

export interface Block {
  /** Address of the numbers in row-major order; 0 where they are not in the memory. */
  at: number;
  /** The panels that products read, once a product wanted them. */
  panels: Panels | null;
  /** A weight's numbers until somebody needs them in the memory. */
  host: Numbers | null;
  released: boolean;
}
export type Numbers = Exclude<Values, Float64Array>;

export class Memory {
  heap: Heap;
  readonly #storage: Storage;
  readonly activations = stack<Block>((gone) => gone.forEach((block) => this.free(block)));

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
  /** What `fill` writes into zeros, from the numbers of operands: an operation that is not worth a kernel. */
  filled(
    dtype: DType,
    shape: Shape,
    operands: readonly Operand[],
    fill: (to: Numbers, ...from: Numbers[]) => void,
  ): Block {
    const n = size(shape);
    const block = this.#made(n * BYTES[dtype]);
    for (const x of operands) this.address(x); // first: it may move the memory
    const to = this.view(block.at, dtype, n);
    to.fill(0);
    fill(to, ...operands.map((x) => this.values(x)));
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
  /** WebAssembly memory never shrinks: it goes as a whole, with this. */
  dispose(): void {
    this.activations.clear();
    this.heap = new Heap(new WebAssembly.Memory({ initial: 1 }));
  }

  /** Where the numbers are; brings a weight into the memory, from the host or out of its panels. */
  address(x: Operand): number {
    const block = x.handle as Block;
    expectAlive('wasm', x, !block.released);
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
    const at = this.heap.take(bytes);
    return this.activations.push({ at, panels: null, host: null, released: false });
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
