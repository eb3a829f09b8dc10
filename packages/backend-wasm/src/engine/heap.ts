// Blocks of a WebAssembly memory: first fit, neighbours joined again when freed, the memory grown when full.
// Not the stack of activations, which is only a list of blocks: see wasm.ts.

const PAGE = 65536;
/** The most that 32-bit addresses reach. */
const LIMIT = 65536 * PAGE;
/** Every block begins at a multiple, and is padded to it: one vector, so that kernels may run past the end. */
const ALIGN = 16;
/** Memory grows by at least this, since growing may move it. */
const LEAST_GROWTH = 4 * 1024 * 1024;

export class Heap {
  readonly memory: WebAssembly.Memory;
  /** Free stretches in order of address, no two touching. */
  readonly #free: { at: number; size: number }[] = [];
  readonly #sizes = new Map<number, number>();

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.#give(ALIGN, memory.buffer.byteLength - ALIGN); // address 0 means "none"
  }

  /** The address of a new block. Throws RangeError, before taking anything, where 4 GiB would not do. */
  take(bytes: number): number {
    const size = Math.max(Math.ceil(bytes / ALIGN) * ALIGN, ALIGN) + ALIGN;
    let i = this.#free.findIndex((f) => f.size >= size);
    if (i < 0) {
      this.#grow(size);
      i = this.#free.length - 1;
    }
    const found = this.#free[i]!;
    const { at } = found;
    if (found.size === size) this.#free.splice(i, 1);
    else this.#free[i] = { at: at + size, size: found.size - size };
    this.#sizes.set(at, size);
    return at;
  }

  release(at: number): void {
    const size = this.#sizes.get(at);
    if (size === undefined) return;
    this.#sizes.delete(at);
    this.#give(at, size);
  }

  #give(at: number, size: number): void {
    let i = this.#free.findIndex((f) => f.at > at);
    if (i < 0) i = this.#free.length;
    this.#free.splice(i, 0, { at, size });
    this.#join(i);
    this.#join(i - 1);
  }
  #join(i: number): void {
    const [a, b] = [this.#free[i], this.#free[i + 1]];
    if (!a || !b || a.at + a.size !== b.at) return;
    this.#free.splice(i, 2, { at: a.at, size: a.size + b.size });
  }

  #grow(size: number): void {
    const have = this.memory.buffer.byteLength;
    const last = this.#free.at(-1);
    const usable = last && last.at + last.size === have ? last.size : 0;
    const least = Math.ceil((size - usable) / PAGE);
    if (have + least * PAGE > LIMIT)
      throw new RangeError(
        `wasm: ${showBytes(size)} more do not fit, ${showBytes(have)} of the 4 GiB that WebAssembly addresses are in use; ` +
          'stream_weights, a narrower storage or a smaller batch need less',
      );
    const more = Math.min(
      Math.max(least, Math.ceil(LEAST_GROWTH / PAGE), Math.ceil(have / 8 / PAGE)),
      (LIMIT - have) / PAGE,
    );
    try {
      this.memory.grow(more);
    } catch {
      throw new RangeError(`wasm: the machine has no ${showBytes(more * PAGE)} of memory left`);
    }
    this.#give(have, more * PAGE);
  }
}

const showBytes = (n: number): string =>
  n < 2 ** 20 ? `${Math.ceil(n / 1024)} KiB` : `${Math.ceil(n / 2 ** 20)} MiB`;
