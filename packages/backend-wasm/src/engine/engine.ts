// The operations of the contract as calls of kernels on blocks of memory. Shapes were checked above; what threads share is
// cut in dispatch.ts.
import { LOWEST, type Operand, type Shape, size } from '@siglip-ts/core';
import type { Args } from '../assembler/kernel.ts';
import { ATTENTION, attentionRoom } from '../kernels/attention.ts';
import { binaryKernel, scalarKernel, unaryKernel } from '../kernels/elementwise.ts';
import { PRODUCT_DOT, QUANTIZE_ROWS } from '../kernels/integer-product.ts';
import { PACK_COLUMNS, PACK_ROWS } from '../kernels/pack.ts';
import { PRODUCT, PRODUCT_HALF, PRODUCT_INT8, WIDTH } from '../kernels/product.ts';
import { ALONG_ROWS, DOWN_COLUMNS, LAYER_NORM, NORM, SOFTMAX } from '../kernels/rows.ts';
import { batches, isTail } from './broadcasting.ts';
import { Dispatch, type HeadArg, NUMBERS } from './dispatch.ts';
import { type Block, Memory } from './memory.ts';
import type { WasmOptions } from './options.ts';
import { raceOf } from './race.ts';
import { start } from './start.ts';
import { paddedK, type Panels, releasePanels } from './weights.ts';

/** The product of each storage whose arithmetic is float32. */
const PRODUCTS = { float32: PRODUCT, float16: PRODUCT_HALF, int8: PRODUCT_INT8 };
/** Floats that a number of its panels takes. */
const FLOATS = { float32: 1, float16: 1 / 2, int8: 1 / 4, w8a8: 1 / 4 };

export class Engine {
  readonly memory: Memory;
  readonly dispatch: Dispatch;
  /** Room for one number. */
  readonly #number: number;

  private constructor(memory: Memory, dispatch: Dispatch) {
    this.memory = memory;
    this.dispatch = dispatch;
    this.#number = memory.heap.take(16);
  }
  static async load(o: WasmOptions): Promise<Engine> {
    const { heap, kernels, threads } = await start(o);
    const memory = new Memory(heap, o.weights ?? 'float32');
    const race = raceOf(o.relaxed ?? false, threads?.count ?? 1);
    return new Engine(memory, new Dispatch(kernels, threads, heap, race));
  }
  dispose(): void {
    this.dispatch.stop();
    this.memory.dispose();
  }
  /** Whether there is a kernel of that name. */
  has(name: string): boolean {
    return Object.hasOwn(this.dispatch.kernels, name);
  }
  /** Puts a number where kernels read it, and gives its address. */
  place(value: number): number {
    this.memory.view(this.#number, 'float32', 1)[0] = value;
    return this.#number;
  }
  address(x: Operand): number {
    return this.memory.address(x);
  }

  linear(x: Operand, weight: Operand, bias: Operand | null, out: Shape): Block {
    const [n, k] = weight.shape as [number, number];
    const rows = size(out) / n;
    const { panels, temporary } = this.memory.panels(weight, n, k, this.dispatch.kernels);
    const from = this.address(x);
    const add = bias ? this.address(bias) : 0;
    const y = this.memory.output(out);
    if (panels.storage === 'w8a8') this.#multiplyWhole(y.at, from, panels, rows, add);
    else {
      const product = PRODUCTS[panels.storage];
      this.#multiply(product, y.at, from, k, panels, rows, add);
    }
    if (temporary) releasePanels(this.memory.heap, panels);
    return y;
  }
  /** `aStride`: floats from row to row of a. */
  #multiply(
    kernel: typeof PRODUCT,
    c: number,
    a: number,
    aStride: number,
    b: Panels,
    rows: number,
    bias: number,
  ): void {
    const { storage, n, k, scales } = b;
    const { room } = this.dispatch;
    const args = { c, a, b: b.at, rows, n, k, bias, cStride: n, room, scales, aStride };
    const columns = { c: 1, b: k * FLOATS[storage], bias: bias && 1, scales: scales && 1 };
    const steps = { rows: { c: n, a: aStride }, columns };
    this.dispatch.race.run(rows, n, k, (tile) =>
      this.dispatch.product(kernel, { ...args, tile }, steps),
    );
  }
  /** With activations quantised row by row, as finely as sums of 32 bits allow. */
  #multiplyWhole(c: number, x: number, b: Panels, rows: number, bias: number): void {
    const { n, k } = b;
    const { heap } = this.memory;
    const { room } = this.dispatch;
    const width = paddedK(k);
    const tiles = Math.ceil(rows / 4) * 4;
    const a = heap.take(2 * tiles * width);
    const aScales = heap.take(4 * tiles);
    const limit = Math.min(32767, Math.floor((2 ** 31 - 1) / (127 * width)));
    this.dispatch.split({
      kernel: QUANTIZE_ROWS,
      args: { out: a, scales: aScales, x, rows, k, limit },
      rows: 'rows',
      block: Math.max(16, Math.ceil(NUMBERS / k / 4) * 4),
      steps: { out: width / 2, scales: 1, x: k },
    });
    const bScales = b.scales;
    const args = { c, a, b: b.at, rows, n, k: width, bias, cStride: n, room, aScales, bScales };
    const columns = { c: 1, b: width * FLOATS.w8a8, bias: bias && 1, bScales: 1 };
    this.dispatch.product(PRODUCT_DOT, args, { rows: { c: n, a: width / 2, aScales: 1 }, columns });
    heap.release(a);
    heap.release(aScales);
  }

  /** Every matrix of the batch is packed anew, unless both sides repeat. */
  matmul(a: Operand, b: Operand, transA: boolean, transB: boolean, out: Shape): Block {
    const [m, n] = out.slice(-2) as [number, number];
    const k = a.shape.at(transA ? -2 : -1)!;
    const { heap } = this.memory;
    const y = this.memory.output(out);
    const [pa, pb] = [this.address(a), this.address(b)];
    const step = transA ? Math.ceil(k / 4) * 4 : k;
    const turned = transA ? heap.take(4 * m * step) : 0;
    const right = heap.take(4 * Math.ceil(n / WIDTH) * WIDTH * k);
    const panels: Panels = { storage: 'float32', at: right, n, k, scales: 0 };
    batches(a.shape, b.shape, out).forEach(([i, j], matrix) => {
      const left = pa + 4 * i * m * k;
      if (transA) this.#transpose(turned, left, k, m, step);
      this.#pack(right, pb + 4 * j * n * k, n, k, transB);
      const c = y.at + 4 * matrix * m * n;
      this.#multiply(PRODUCT, c, transA ? turned : left, step, panels, m, 0);
    });
    if (transA) heap.release(turned);
    heap.release(right);
    return y;
  }
  /** x [n, k] as panels; [k, n] unless it is transposed. */
  #pack(out: number, x: number, n: number, k: number, transposed: boolean): void {
    this.dispatch.split({
      kernel: transposed ? PACK_ROWS : PACK_COLUMNS,
      args: { out, x, rows: n, k, stride: transposed ? k : n, width: WIDTH },
      rows: 'rows',
      block: Math.max(64, Math.ceil(NUMBERS / k / WIDTH) * WIDTH),
      steps: { out: k, x: transposed ? k : 1 },
    });
  }
  /** x [k, m] as [m, width], the width being k and what is missing to whole vectors: one panel, a row of x in each column. */
  #transpose(out: number, x: number, k: number, m: number, width: number): void {
    this.dispatch.split({
      kernel: PACK_ROWS,
      args: { out, x, rows: k, k: m, stride: m, width },
      rows: 'k',
      block: Math.max(64, Math.ceil(NUMBERS / width / 4) * 4),
      steps: { out: width, x: 1 },
    });
  }

  attention(
    q: Operand,
    k: Operand,
    v: Operand,
    keys: Operand | null,
    heads: number,
    scale: number,
  ): Block {
    const common = this.headArgs(q, k.shape[1]!, keys, heads, scale);
    const { T, S, d } = common;
    const [Q, K, V] = [this.address(q), this.address(k), this.address(v)];
    const y = this.memory.output(q.shape);
    const own = { y: y.at, q: Q, k: K, v: V };
    const tokens = { y: T, q: T, k: S, v: S };
    this.dispatch.eachHead(ATTENTION, own, common, q.shape[0]!, tokens, attentionRoom(T, S, d));
    this.memory.heap.release(common.mask);
    return y;
  }
  /** What attention's kernels take beside arrays. The mask is the caller's to release. */
  headArgs(
    q: Operand,
    S: number,
    keys: Operand | null,
    heads: number,
    scale: number,
  ): Args<HeadArg> {
    const [, T, D] = q.shape as [number, number, number];
    const mask = keys ? this.#maskOf(keys) : 0;
    return {
      mask,
      heads,
      T,
      S,
      d: D / heads,
      D,
      scale: this.place(scale),
      tile: this.dispatch.race.tile,
    };
  }
  /** What is added to scores: nothing, or the lowest number where a key is not seen. The caller's to release. */
  #maskOf(keys: Operand): number {
    const n = size(keys.shape);
    this.address(keys);
    const mask = this.memory.heap.take(4 * n);
    const seen = this.memory.values(keys);
    const row = this.memory.view(mask, 'float32', n);
    for (let i = 0; i < n; i++) row[i] = (1 - seen[i]!) * LOWEST.float32;
    return mask;
  }

  // The rest: one kernel each.

  unary(op: string, x: Operand): Block {
    const n = size(x.shape);
    const from = this.address(x);
    const y = this.memory.output(x.shape);
    this.dispatch.eachNumber(unaryKernel(op), { y: y.at, x: from, n }, { y: 1, x: 1 });
    return y;
  }
  withNumber(op: string, x: Operand, number: number): Block {
    const from = this.address(x);
    const y = this.memory.output(x.shape);
    this.#withOne(op, y.at, from, this.place(number), size(x.shape));
    return y;
  }
  /** `b`: the address of one number. */
  #withOne(op: string, y: number, a: number, b: number, n: number): void {
    const args = { y, a, b, rows: 1, n, step: 0 };
    this.dispatch.eachNumber(scalarKernel(op), args, { y: 1, a: 1 });
  }
  /** x has the shape of the result. z has it too, or is a row, a column or a number to be repeated. */
  binary(op: string, x: Operand, z: Operand, out: Shape): Block {
    const n = size(out);
    const [a, b] = [this.address(x), this.address(z)];
    const m = size(z.shape);
    const block = this.memory.output(out);
    const y = block.at;
    const inner = out.at(-1) ?? 1;
    if (m === n) {
      const args = { y, a, b, rows: 1, n, step: 0 };
      this.dispatch.eachNumber(binaryKernel(op), args, { y: 1, a: 1, b: 1 });
    } else if (m === 1) this.#withOne(op, y, a, b, n);
    else if (isTail(z.shape, out)) {
      const args = { y, a, b, rows: n / m, n: m, step: 0 };
      this.dispatch.eachRow(binaryKernel(op), args, { y: m, a: m });
    } else {
      const args = { y, a, b, rows: n / inner, n: inner, step: 1 };
      this.dispatch.eachRow(scalarKernel(op), args, { y: inner, a: inner, b: 1 });
    }
    return block;
  }
  reduce(op: 'sum' | 'max', x: Operand, outer: number, n: number, inner: number): Block {
    const out = [outer, inner];
    if (inner === 1) return this.#alongRows(ALONG_ROWS[op], x, n, out, 1);
    const from = this.address(x);
    const y = this.memory.output(out);
    this.dispatch.eachColumn(DOWN_COLUMNS[op], { y: y.at, x: from, outer, n, inner, width: inner });
    return y;
  }
  softmax(x: Operand): Block {
    const n = x.shape.at(-1)!;
    return this.#alongRows(SOFTMAX, x, n, x.shape, n);
  }
  norm(x: Operand, out: Shape): Block {
    return this.#alongRows(NORM, x, x.shape.at(-1)!, out, 1);
  }
  /** `width` numbers of every n. */
  #alongRows(kernel: typeof SOFTMAX, x: Operand, n: number, out: Shape, width: number): Block {
    const from = this.address(x);
    const y = this.memory.output(out);
    const args = { y: y.at, x: from, rows: size(x.shape) / n, n };
    this.dispatch.eachRow(kernel, args, { y: width, x: n });
    return y;
  }
  layerNorm(x: Operand, weight: Operand, bias: Operand, eps: number): Block {
    const n = x.shape.at(-1)!;
    const [w, b] = [this.address(weight), this.address(bias)];
    const from = this.address(x);
    const y = this.memory.output(x.shape);
    const rows = size(x.shape) / n;
    const args = { y: y.at, x: from, w, b, rows, n, eps: this.place(eps) };
    this.dispatch.eachRow(LAYER_NORM, args, { y: n, x: n });
    return y;
  }
}
