// The engine under the contract: blocks of memory and the calls of kernels on them. Shapes were checked above.
import {
  isHalf,
  LOWEST,
  size,
  type BinaryOp,
  type DType,
  type Operand,
  type Shape,
} from '@siglip-ts/core';
import { Heap } from './heap.ts';
import { kernels } from './kernels/index.ts';
import type { WasmOptions } from './wasm.ts';
import type { Numbers } from './strided.ts';

/** What a handle is: an array in the memory, or a weight that is still (only) on the host or (only) packed. */
export interface Block {
  /** Address of the numbers in row-major order; 0 where there are none. */
  at: number;
  /** Address of the panels that products read; 0 where there are none. */
  packed: number;
  /** A weight's numbers until somebody needs them in the memory. */
  host: Numbers | null;
  released: boolean;
}
interface Mark {
  readonly depth: number;
}
type Kernel = (...args: number[]) => void;

/** Queries of an attention that are scored together: their scores fit the second cache. */
const QUERIES = 64;

export class Engine {
  private heap: Heap;
  private run: Record<string, Kernel>;
  private stack: Block[] = [];
  /** Room for one tile of a product, and for one number. */
  private readonly tile: number;
  private readonly number: number;

  private constructor(heap: Heap, run: Record<string, Kernel>) {
    this.heap = heap;
    this.run = run;
    this.tile = heap.take(128);
    this.number = heap.take(16);
  }

  static async load({ module, relaxed = false }: WasmOptions): Promise<Engine> {
    if (typeof WebAssembly === 'undefined')
      throw new Error('wasm: this engine has no WebAssembly; backend-cpu needs none');
    const memory = new WebAssembly.Memory({ initial: 16 });
    const compiled = module ?? (await WebAssembly.compile(kernels({ relaxed }) as BufferSource));
    const { exports } = await WebAssembly.instantiate(compiled, { env: { memory } });
    return new Engine(new Heap(memory), exports as unknown as Record<string, Kernel>);
  }

  // Memory.

  constant(values: Numbers, _shape: Shape): Block {
    return { at: 0, packed: 0, host: values, released: false };
  }
  upload(values: Numbers): Block {
    const block = this.made(values.byteLength);
    this.write(block.at, values);
    return block;
  }
  zeros(dtype: DType, shape: Shape): Block {
    const block = this.made(size(shape) * (isHalf(dtype) ? 2 : 4));
    this.view(block.at, dtype, size(shape)).fill(0);
    return block;
  }
  /** A view of an operand's numbers, good until the next allocation. */
  values(x: Operand): Numbers {
    return this.view(this.address(x), x.dtype, size(x.shape));
  }
  assign(target: Operand, x: Operand): void {
    const block = target.handle as Block;
    const values = this.values(x).slice();
    this.values(target).set(values);
    this.drop(block, 'packed');
  }
  free(block: Block): void {
    block.released = true;
    block.host = null;
    this.drop(block, 'at');
    this.drop(block, 'packed');
  }
  mark(): Mark {
    return { depth: this.stack.length };
  }
  release(since: object, keep: readonly Block[]): void {
    const kept = new Set(keep);
    for (const block of this.stack.splice((since as Mark).depth))
      if (kept.has(block)) this.stack.push(block);
      else this.free(block);
  }
  /** WebAssembly memory never shrinks: it goes as a whole, with this. */
  dispose(): void {
    for (const block of this.stack) block.released = true;
    this.stack = [];
    this.run = {};
    this.heap = new Heap(new WebAssembly.Memory({ initial: 1 }));
  }

  private made(bytes: number): Block {
    const block = { at: this.heap.take(bytes), packed: 0, host: null, released: false };
    this.stack.push(block);
    return block;
  }
  private output(shape: Shape): Block {
    return this.made(4 * size(shape));
  }
  private drop(block: Block, what: 'at' | 'packed'): void {
    if (block[what]) this.heap.release(block[what]);
    block[what] = 0;
  }
  private view(at: number, dtype: DType, n: number): Numbers {
    const { buffer } = this.heap.memory;
    if (dtype === 'int32') return new Int32Array(buffer, at, n);
    return isHalf(dtype) ? new Uint16Array(buffer, at, n) : new Float32Array(buffer, at, n);
  }
  private write(at: number, values: Numbers): void {
    new Uint8Array(this.heap.memory.buffer, at, values.byteLength).set(
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
  }
  /** Where the numbers are; brings a weight into the memory, from the host or out of its panels. */
  private address(x: Operand): number {
    const block = x.handle as Block;
    if (block.released)
      throw new Error(`wasm: a tensor of shape [${x.shape.join(', ')}] was used after its release`);
    if (block.at) return block.at;
    if (block.host) {
      block.at = this.heap.take(block.host.byteLength);
      this.write(block.at, block.host);
      block.host = null;
    } else this.unpack(block, x.shape);
    return block.at;
  }

  // Products.

  /** The panels of a matrix [n, k] for the right side of a product; a weight keeps them and gives up its numbers. */
  private panels(x: Operand, n: number, k: number): { at: number; temporary: boolean } {
    const block = x.handle as Block;
    if (block.packed) return { at: block.packed, temporary: false };
    const weight = block.host !== null;
    const from = this.address(x);
    const at = this.heap.take(4 * Math.ceil(n / 8) * 8 * k);
    this.run.packRows!(at, from, n, k, k, 8);
    if (!weight) return { at, temporary: true };
    block.packed = at;
    this.drop(block, 'at');
    return { at, temporary: false };
  }
  private unpack(block: Block, shape: Shape): void {
    const n = shape[0]!;
    const k = size(shape) / n;
    block.at = this.heap.take(4 * n * k);
    const panels = this.view(block.packed, 'float32', Math.ceil(n / 8) * 8 * k);
    const rows = this.view(block.at, 'float32', n * k);
    for (let r = 0; r < n; r++)
      for (let i = 0; i < k; i++) rows[r * k + i] = panels[(r - (r % 8)) * k + i * 8 + (r % 8)]!;
  }

  linear(x: Operand, weight: Operand, bias: Operand | null, out: Shape): Block {
    const [n, k] = weight.shape as [number, number];
    const rows = size(out) / n;
    const b = this.panels(weight, n, k);
    const y = this.output(out);
    const a = this.heap.take(4 * Math.ceil(rows / 4) * 4 * k);
    this.run.packRows!(a, this.address(x), rows, k, k, 4);
    const add = bias ? this.address(bias) : 0;
    this.run.product!(y.at, a, b.at, rows, n, k, add, n, this.tile);
    this.heap.release(a);
    if (b.temporary) this.heap.release(b.at);
    return y;
  }

  /** Every matrix of the batch is packed anew, unless both sides repeat. */
  matmul(a: Operand, b: Operand, transA: boolean, transB: boolean, out: Shape): Block {
    const [m, n] = out.slice(-2) as [number, number];
    const k = a.shape.at(transA ? -2 : -1)!;
    const y = this.output(out);
    const [pa, pb] = [this.address(a), this.address(b)];
    const left = this.heap.take(4 * Math.ceil(m / 4) * 4 * k);
    const right = this.heap.take(4 * Math.ceil(n / 8) * 8 * k);
    const packA = transA ? this.run.packColumns! : this.run.packRows!;
    const packB = transB ? this.run.packRows! : this.run.packColumns!;
    batches(a.shape, b.shape, out).forEach(([i, j], matrix) => {
      packA(left, pa + 4 * i * m * k, m, k, transA ? m : k, 4);
      packB(right, pb + 4 * j * n * k, n, k, transB ? k : n, 8);
      this.run.product!(y.at + 4 * matrix * m * n, left, right, m, n, k, 0, n, this.tile);
    });
    this.heap.release(left);
    this.heap.release(right);
    return y;
  }

  /** Head by head and some queries at a time: scores, softmax, mix. */
  attention(
    q: Operand,
    k: Operand,
    v: Operand,
    keys: Operand | null,
    heads: number,
    scale: number,
  ): Block {
    const [B, T, D] = q.shape as [number, number, number];
    const S = k.shape[1]!;
    const d = D / heads;
    const y = this.output(q.shape);
    const [Q, K, V] = [this.address(q), this.address(k), this.address(v)];
    const rows = Math.min(QUERIES, T);
    const room = (n: number) => this.heap.take(4 * n);
    const packedK = room(Math.ceil(S / 8) * 8 * d);
    const packedV = room(Math.ceil(d / 8) * 8 * S);
    const packedQ = room(Math.ceil(rows / 4) * 4 * Math.max(d, S));
    const [scores, weights, mask] = [room(rows * S), room(rows * S), room(S)];
    const { packRows, packColumns, product, softmax, mulScalar, add } = this.run;
    this.view(this.number, 'float32', 1)[0] = scale;
    for (let b = 0; b < B; b++) {
      if (keys) this.fillMask(mask, keys, b * S, S);
      for (let h = 0; h < heads; h++) {
        const head = 4 * (b * S * D + h * d);
        packRows!(packedK, K + head, S, d, D, 8);
        packColumns!(packedV, V + head, d, S, D, 8);
        for (let t = 0; t < T; t += rows) {
          const n = Math.min(rows, T - t);
          const at = 4 * ((b * T + t) * D + h * d);
          packRows!(packedQ, Q + at, n, d, D, 4);
          product!(scores, packedQ, packedK, n, S, d, 0, S, this.tile);
          mulScalar!(scores, scores, this.number, 1, n * S, 0);
          if (keys) add!(weights, scores, mask, n, S, 0);
          softmax!(keys ? scores : weights, keys ? weights : scores, n, S);
          packRows!(packedQ, keys ? scores : weights, n, S, S, 4);
          product!(y.at + at, packedQ, packedV, n, d, S, 0, D, this.tile);
        }
      }
    }
    for (const p of [packedK, packedV, packedQ, scores, weights, mask]) this.heap.release(p);
    return y;
  }
  private fillMask(mask: number, keys: Operand, from: number, S: number): void {
    const seen = this.values(keys);
    const row = this.view(mask, 'float32', S);
    for (let s = 0; s < S; s++) row[s] = (1 - seen[from + s]!) * LOWEST.float32;
  }

  // The rest: one kernel each.

  unary(op: string, x: Operand): Block {
    const from = this.address(x);
    const y = this.output(x.shape);
    this.run[op]!(y.at, from, size(x.shape));
    return y;
  }
  withNumber(op: string, x: Operand, number: number): Block {
    const from = this.address(x);
    const y = this.output(x.shape);
    this.view(this.number, 'float32', 1)[0] = number;
    this.run[`${op}Scalar`]!(y.at, from, this.number, 1, size(x.shape), 0);
    return y;
  }
  /** a has the shape of the result. b has it too, or is a row, a column or a number to be repeated. */
  binary(op: string, a: Operand, b: Operand, out: Shape): Block {
    const n = size(out);
    const [pa, pb] = [this.address(a), this.address(b)];
    const m = size(b.shape);
    const y = this.output(out);
    const inner = out.at(-1) ?? 1;
    if (m === n) this.run[op]!(y.at, pa, pb, 1, n, 0);
    else if (m === 1) this.run[`${op}Scalar`]!(y.at, pa, pb, 1, n, 0);
    else if (isTail(b.shape, out)) this.run[op]!(y.at, pa, pb, n / m, m, 0);
    else this.run[`${op}Scalar`]!(y.at, pa, pb, n / inner, inner, 1);
    return y;
  }
  /** Ids are compared now and then; nothing worth a kernel. */
  integers(op: BinaryOp, a: Operand, b: Operand | number): Block {
    const [x, z] = [this.values(a), typeof b === 'number' ? b : this.values(b)];
    const of = (i: number) => (typeof z === 'number' ? z : z[i]!);
    return this.upload(Int32Array.from(x, (v, i) => INTEGER[op](v, of(i))));
  }
  reduce(op: 'sum' | 'max', x: Operand, outer: number, n: number, inner: number): Block {
    const from = this.address(x);
    const y = this.output([outer, inner]);
    const name = op === 'sum' ? 'sum' : 'maximum';
    if (inner === 1) this.run[`${name}Rows`]!(y.at, from, outer, n);
    else this.run[`${name}Columns`]!(y.at, from, outer, n, inner);
    return y;
  }
  layerNorm(x: Operand, weight: Operand, bias: Operand, eps: number): Block {
    const [from, w, b] = [this.address(x), this.address(weight), this.address(bias)];
    const y = this.output(x.shape);
    const n = x.shape.at(-1)!;
    this.run.layerNorm!(y.at, from, w, b, size(x.shape) / n, n, eps);
    return y;
  }
  softmax(x: Operand): Block {
    const from = this.address(x);
    const y = this.output(x.shape);
    const n = x.shape.at(-1)!;
    this.run.softmax!(y.at, from, size(x.shape) / n, n);
    return y;
  }
  norm(x: Operand, out: Shape): Block {
    const from = this.address(x);
    const y = this.output(out);
    this.run.norm!(y.at, from, size(out), x.shape.at(-1)!);
    return y;
  }
  take(table: Operand, ids: Operand): Block {
    const width = size(table.shape.slice(1));
    const y = this.zeros(table.dtype, [...ids.shape, width]);
    const n = size(ids.shape) * width;
    this.address(table);
    const [rows, list] = [this.values(table), this.values(ids)];
    const out = this.view(y.at, table.dtype, n);
    list.forEach((id, i) => out.set(rows.subarray(id * width, (id + 1) * width), i * width));
    return y;
  }
  scatterAdd(ids: Operand, rows: Operand, out: Shape): Block {
    const width = size(out.slice(1));
    const y = this.zeros(rows.dtype, out);
    const [from, list] = [this.values(rows), this.values(ids)];
    const to = this.view(y.at, rows.dtype, size(out));
    list.forEach((id, i) => {
      for (let c = 0; c < width; c++) to[id * width + c]! += from[i * width + c]!;
    });
    return y;
  }
}

const INTEGER: Readonly<Record<BinaryOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: Math.imul,
  div: (a, b) => a / b,
  max: Math.max,
  min: Math.min,
  greater: (a, b) => Number(a > b),
  equal: (a, b) => Number(a === b),
};

/** Whether a kernel can repeat a right side of this shape by itself. */
export const repeats = (shape: Shape, out: Shape): boolean =>
  size(shape) === size(out) || size(shape) === 1 || isTail(shape, out) || isColumn(shape, out);

/** Whether a shape is the end of another: [D] of [B, T, D]. */
function isTail(shape: Shape, out: Shape): boolean {
  const own = shape.slice(shape.findIndex((n) => n !== 1));
  return own.every((n, i) => n === out[out.length - own.length + i]);
}
/** Whether a shape is another with its last axis 1. */
const isColumn = (shape: Shape, out: Shape): boolean =>
  shape.length === out.length && shape.every((n, i) => n === (i === out.length - 1 ? 1 : out[i]));

/** Which matrix of each side every matrix of the result is made of. */
function batches(a: Shape, b: Shape, out: Shape): [number, number][] {
  const lead = out.slice(0, -2);
  const count = size(lead);
  const index = (shape: Shape, n: number): number => {
    const own = shape.slice(0, -2);
    let [at, step, rest] = [0, 1, n];
    for (let i = lead.length - 1; i >= 0; i--) {
      const here = rest % lead[i]!;
      rest = Math.floor(rest / lead[i]!);
      const length = own[i - lead.length + own.length] ?? 1;
      if (length !== 1) at += here * step;
      step *= length;
    }
    return at;
  };
  return Array.from({ length: count }, (_, n) => [index(a, n), index(b, n)]);
}
