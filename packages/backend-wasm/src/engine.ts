// The engine under the contract: calls of kernels on blocks of memory. Shapes were checked above.
import { LOWEST, size, type Operand, type Shape } from '@siglip-ts/core';
import { batches, isTail } from './broadcasting.ts';
import { Heap } from './heap.ts';
import { attentionRoom } from './kernels/attention.ts';
import { LAYOUT, PRODUCT_ROOM, WIDTH } from './kernels/product.ts';
import { Memory, type Block } from './memory.ts';
import type { WasmOptions } from './options.ts';
import { threadsOf } from './thread-count.ts';
import { CONTROL, Threads, type Job } from './threads.ts';
import { storedKernels } from './variants.ts';
import { paddedK, releasePanels, type Kernels, type Panels } from './weights.ts';

/** Numbers of an elementwise kernel that a thread takes at a time. */
const NUMBERS = 16384;

/** Whether a function that makes a vector is one here. */
const hasSimd = (): boolean =>
  WebAssembly.validate(
    Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 17, 11), // prettier-ignore
  );

function layoutOf(module: WebAssembly.Module): string {
  const [note] = WebAssembly.Module.customSections(module, 'layout');
  return String.fromCharCode(...new Uint8Array(note ?? []));
}

/** An error says what to do, since the reason mostly is that compiling is forbidden: in workerd, or by a page's policy. */
const compile = (kernels: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> =>
  WebAssembly.compile(kernels).catch((cause: Error) => {
    throw new Error(
      `wasm: ${cause.message}. Where nothing may be compiled at run time, pass the kernels: ` +
        "import module from '@siglip-ts/backend-wasm/kernels.wasm' and backend: await wasm({ module }); " +
        "a page needs 'wasm-unsafe-eval' in the directive script-src of its policy",
      { cause },
    );
  });

export class Engine {
  readonly memory: Memory;
  #run: Kernels;
  readonly #threads: Threads | null;
  readonly #scratch: number;
  /** Room for one number. */
  readonly #number: number;

  private constructor(memory: Memory, run: Kernels, threads: Threads | null) {
    this.memory = memory;
    this.#run = run;
    this.#threads = threads;
    this.#scratch = memory.heap.take(4 * PRODUCT_ROOM * this.#count);
    this.#number = memory.heap.take(16);
  }

  static async load(o: WasmOptions): Promise<Engine> {
    if (typeof WebAssembly === 'undefined')
      throw new Error('wasm: this engine has no WebAssembly; backend-cpu needs none');
    const count = threadsOf(o);
    if (o.threads !== 'auto' || count === 1) return Engine.#start(count, o);
    try {
      return await Engine.#start(count, o);
    } catch (error) {
      const engine = await Engine.#start(1, o); // no warning of what fails with one thread too
      (o.warn ?? console.warn)(`wasm: one thread; ${(error as Error).message}`);
      return engine;
    }
  }
  static async #start(count: number, o: WasmOptions): Promise<Engine> {
    const shared = count > 1;
    const memory = new WebAssembly.Memory({
      initial: 16,
      ...(shared && { maximum: 65536, shared }),
    });
    const scalar = !(o.simd ?? hasSimd());
    const variant = { shared, scalar, relaxed: (o.relaxed ?? false) && !scalar };
    const given = o.module as WebAssembly.Module | undefined;
    const compiled = given ?? (await compile(storedKernels(variant)));
    if (layoutOf(compiled) !== LAYOUT)
      throw new Error('wasm: these kernels belong to another version of this package');
    const instance = await WebAssembly.instantiate(compiled, { env: { memory } });
    const run = instance.exports as unknown as Kernels;
    const heap = new Heap(memory);
    const at = heap.take(CONTROL);
    const threads = shared ? await Threads.start(count, compiled, memory, run, at) : null;
    return new Engine(new Memory(heap, o.weights ?? 'float32'), run, threads);
  }
  dispose(): void {
    this.#threads?.stop();
    this.#run = {};
    this.memory.dispose();
  }
  /** Whether there is a kernel of that name. */
  has(name: string): boolean {
    return Object.hasOwn(this.#run, name);
  }
  /** Runs a kernel, on all threads where its rows are enough for that. */
  #split(job: Job): void {
    if (this.#threads && job.rows > job.block) this.#threads.run(job);
    else this.#run[job.kernel]!(...job.args);
  }
  /**
   * Rows of a product that a thread takes at a time: two blocks a thread, so that a busy core costs little, but not so
   * few rows that all of the weights are read for each.
   */
  #rowsOfBlock(rows: number): number {
    const even = Math.ceil(rows / (2 * this.#count) / 4) * 4;
    return Math.min(Math.max(even, 16), 64);
  }
  get #count(): number {
    return this.#threads?.count ?? 1;
  }
  /** Each thread's room for products, which take it as argument 8. */
  get #rooms() {
    return { at: 8, base: this.#scratch, bytes: 4 * PRODUCT_ROOM };
  }
  /** Puts a number where kernels read it, and gives its address. */
  place(value: number): number {
    this.memory.view(this.#number, 'float32', 1)[0] = value;
    return this.#number;
  }
  get #heap(): Heap {
    return this.memory.heap;
  }
  address(x: Operand): number {
    return this.memory.address(x);
  }

  linear(x: Operand, weight: Operand, bias: Operand | null, out: Shape): Block {
    const [n, k] = weight.shape as [number, number];
    const rows = size(out) / n;
    const { panels, temporary } = this.memory.panels(weight, n, k, this.#run);
    const from = this.address(x);
    const add = bias ? this.address(bias) : 0;
    const y = this.memory.output(out);
    if (panels.storage === 'w8a8') this.#multiplyWhole(y.at, from, panels, rows, add);
    else this.#multiply(y.at, from, panels, rows, add);
    if (temporary) releasePanels(this.#heap, panels);
    return y;
  }
  #multiply(c: number, x: number, b: Panels, rows: number, bias: number): void {
    const { n, k } = b;
    const args = [c, x, b.at, rows, n, k, bias, n, this.#scratch, b.scales, k];
    this.#product(PRODUCT[b.storage as keyof typeof PRODUCT], args);
  }
  /** A kernel on (c, a, b, rows, n, k, bias, cStride, room, scales, aStride), in blocks of rows. */
  #product(kernel: string, args: readonly number[]): void {
    const [rows, cStride, aStride] = [args[3]!, args[7]!, args[10]!];
    const block = this.#rowsOfBlock(rows);
    const steps = { 0: 4 * block * cStride, 1: 4 * block * aStride };
    this.#split({ kernel, args, steps, rows, rowsAt: 3, block, own: this.#rooms });
  }
  #pack(
    kernel: 'packRows' | 'packColumns',
    to: number,
    x: number,
    rows: number,
    k: number,
    stride: number,
  ): void {
    const block = Math.max(64, Math.ceil(NUMBERS / k / WIDTH) * WIDTH);
    const steps = { 0: 4 * block * k, 1: 4 * block * (kernel === 'packRows' ? stride : 1) };
    this.#split({ kernel, args: [to, x, rows, k, stride, WIDTH], steps, rows, rowsAt: 2, block });
  }
  /** x [k, m] as [m, width], the width being k and what is missing to whole vectors: one panel, a row of x in each column. */
  #transpose(to: number, x: number, k: number, m: number, width: number): void {
    const block = Math.max(64, Math.ceil(NUMBERS / width / 4) * 4);
    const steps = { 0: 4 * block * width, 1: 4 * block };
    const args = [to, x, k, m, m, width];
    this.#split({ kernel: 'packRows', args, steps, rows: m, rowsAt: 3, block });
  }
  /** With activations quantised row by row, as finely as sums of 32 bits allow. */
  #multiplyWhole(c: number, x: number, b: Panels, rows: number, bias: number): void {
    const { n, k } = b;
    const width = paddedK(k);
    const tiles = Math.ceil(rows / 4) * 4;
    const a = this.#heap.take(2 * tiles * width);
    const scales = this.#heap.take(4 * tiles);
    const limit = Math.min(32767, Math.floor((2 ** 31 - 1) / (127 * width)));
    this.#run.quantizeRows!(a, scales, x, rows, k, limit);
    const args = [c, a, b.at, rows, n, width, bias, n, this.#scratch, scales, b.scales];
    const block = this.#rowsOfBlock(rows);
    const steps = { 0: 4 * block * n, 1: 2 * block * width, 9: 4 * block };
    this.#split({ kernel: 'productDot', args, steps, rows, rowsAt: 3, block, own: this.#rooms });
    this.#heap.release(a);
    this.#heap.release(scales);
  }

  /** Every matrix of the batch is packed anew, unless both sides repeat. */
  matmul(a: Operand, b: Operand, transA: boolean, transB: boolean, out: Shape): Block {
    const [m, n] = out.slice(-2) as [number, number];
    const k = a.shape.at(transA ? -2 : -1)!;
    const y = this.memory.output(out);
    const [pa, pb] = [this.address(a), this.address(b)];
    const step = transA ? Math.ceil(k / 4) * 4 : k;
    const turned = transA ? this.#heap.take(4 * m * step) : 0;
    const right = this.#heap.take(4 * Math.ceil(n / WIDTH) * WIDTH * k);
    const packB = transB ? 'packRows' : 'packColumns';
    batches(a.shape, b.shape, out).forEach(([i, j], matrix) => {
      const left = pa + 4 * i * m * k;
      if (transA) this.#transpose(turned, left, k, m, step);
      this.#pack(packB, right, pb + 4 * j * n * k, n, k, transB ? k : n);
      const c = y.at + 4 * matrix * m * n;
      this.#product('product', [c, transA ? turned : left, right, m, n, k, 0, n, this.#scratch, 0, step]); // prettier-ignore
    });
    if (transA) this.#heap.release(turned);
    this.#heap.release(right);
    return y;
  }

  attention(
    q: Operand,
    k: Operand,
    v: Operand,
    keys: Operand | null,
    heads: number,
    scale: number,
  ): Block {
    const [, T, D] = q.shape as [number, number, number];
    const S = k.shape[1]!;
    const [Q, K, V] = [this.address(q), this.address(k), this.address(v)];
    const y = this.memory.output(q.shape);
    const room = attentionRoom(T, S, D / heads);
    this.eachHead('attention', [[y.at, T], [Q, T], [K, S], [V, S]], q, S, keys, heads, scale, room); // prettier-ignore
    return y;
  }
  /**
   * A kernel on every head of every image, with arrays [B, tokens, D] as its first arguments. Threads take images, or
   * heads where images are few; each has its own `room`, in bytes. `more`: the arguments after the scale.
   */
  eachHead(
    kernel: string,
    arrays: readonly (readonly [at: number, tokens: number])[],
    q: Operand,
    S: number,
    keys: Operand | null,
    heads: number,
    scale: number,
    room: number,
    more: readonly number[] = [],
  ): void {
    const [B, T, D] = q.shape as [number, number, number];
    const d = D / heads;
    const n = arrays.length;
    const bytes = Math.ceil(room / 16) * 16;
    const base = this.#heap.take(bytes * this.#count);
    const mask = keys ? this.#maskOf(keys) : 0;
    const at = arrays.map(([at]) => at);
    const args = [...at, mask, heads, T, S, d, D, base, this.place(scale), ...more];
    const own = { at: n + 6, base, bytes };
    const images = { ...arrays.map(([, tokens]) => 4 * tokens * D), [n]: mask && 4 * S };
    if (this.#threads && B >= 2 * this.#count)
      this.#split({ kernel, args, steps: images, rows: B, rowsAt: null, block: 1, own });
    else
      for (let b = 0; b < B; b++) {
        const here = args.map((x, i) => x + b * (images[i] ?? 0));
        const steps = { ...arrays.map(() => 4 * d) };
        this.#split({ kernel, args: here, steps, rows: heads, rowsAt: n + 1, block: 1, own });
      }
    this.#heap.release(base);
    if (mask) this.#heap.release(mask);
  }
  /** What is added to scores: nothing, or the lowest number where a key is not seen. The caller's to release. */
  #maskOf(keys: Operand): number {
    const n = size(keys.shape);
    this.address(keys);
    const mask = this.#heap.take(4 * n);
    const seen = this.memory.values(keys);
    const row = this.memory.view(mask, 'float32', n);
    for (let i = 0; i < n; i++) row[i] = (1 - seen[i]!) * LOWEST.float32;
    return mask;
  }

  // The rest: one kernel each.

  /** A kernel that treats every number alike: `moving` of its arguments are arrays, `at` is the count of numbers. */
  eachNumber(kernel: string, args: readonly number[], moving: number, at: number): void {
    const steps = { ...Array<number>(moving).fill(4 * NUMBERS) };
    this.#split({ kernel, args, steps, rows: args[at]!, rowsAt: at, block: NUMBERS });
  }
  /**
   * A kernel on rows: `widths` are the floats that a row takes of each of its first arguments, `at` is the count of rows.
   * Kernels write whole vectors, past the end of a row; so rows that end within one are all one thread's.
   */
  eachRow(kernel: string, args: readonly number[], widths: number[], at: number): void {
    const whole = widths.every((n) => n % 4 === 0 || n === 1);
    const rows = args[at]!;
    const block = whole ? Math.ceil(NUMBERS / Math.max(...widths) / 4) * 4 : rows;
    const steps = { ...widths.map((n) => 4 * block * n) };
    this.#split({ kernel, args, steps, rows, rowsAt: at, block });
  }

  /** A kernel on (y, x, outer, n, inner, width): threads take some columns each, if there is one outer row. */
  #eachColumn(kernel: string, args: readonly number[]): void {
    const [, , outer, n, inner] = args as [number, number, number, number, number];
    const few = outer > 1 || n * inner < NUMBERS;
    const block = few ? inner : Math.ceil(inner / (2 * this.#count) / 16) * 16;
    const steps = { 0: 4 * block, 1: 4 * block };
    this.#split({ kernel, args, steps, rows: inner, rowsAt: 5, block });
  }

  unary(op: string, x: Operand): Block {
    const from = this.address(x);
    const y = this.memory.output(x.shape);
    this.eachNumber(op, [y.at, from, size(x.shape)], 2, 2);
    return y;
  }
  withNumber(op: string, x: Operand, number: number): Block {
    const from = this.address(x);
    const y = this.memory.output(x.shape);
    const args = [y.at, from, this.place(number), 1, size(x.shape), 0];
    this.eachNumber(`${op}Scalar`, args, 2, 4);
    return y;
  }
  /** a has the shape of the result. b has it too, or is a row, a column or a number to be repeated. */
  binary(op: string, a: Operand, b: Operand, out: Shape): Block {
    const n = size(out);
    const [pa, pb] = [this.address(a), this.address(b)];
    const m = size(b.shape);
    const y = this.memory.output(out);
    const inner = out.at(-1) ?? 1;
    if (m === n) this.eachNumber(op, [y.at, pa, pb, 1, n, 0], 3, 4);
    else if (m === 1) this.eachNumber(`${op}Scalar`, [y.at, pa, pb, 1, n, 0], 2, 4);
    else if (isTail(b.shape, out)) this.eachRow(op, [y.at, pa, pb, n / m, m, 0], [m, m, 0], 3);
    else this.eachRow(`${op}Scalar`, [y.at, pa, pb, n / inner, inner, 1], [inner, inner, 1], 3);
    return y;
  }
  reduce(op: 'sum' | 'max', x: Operand, outer: number, n: number, inner: number): Block {
    const from = this.address(x);
    const y = this.memory.output([outer, inner]);
    const name = op === 'sum' ? 'sum' : 'maximum';
    if (inner === 1) this.eachRow(`${name}Rows`, [y.at, from, outer, n], [1, n], 2);
    else this.#eachColumn(`${name}Columns`, [y.at, from, outer, n, inner, inner]);
    return y;
  }
  layerNorm(x: Operand, weight: Operand, bias: Operand, eps: number): Block {
    const [from, w, b] = [this.address(x), this.address(weight), this.address(bias)];
    const y = this.memory.output(x.shape);
    const n = x.shape.at(-1)!;
    const args = [y.at, from, w, b, size(x.shape) / n, n, this.place(eps)];
    this.eachRow('layerNorm', args, [n, n], 4);
    return y;
  }
  softmax(x: Operand): Block {
    const from = this.address(x);
    const y = this.memory.output(x.shape);
    const n = x.shape.at(-1)!;
    this.eachRow('softmax', [y.at, from, size(x.shape) / n, n], [n, n], 2);
    return y;
  }
  norm(x: Operand, out: Shape): Block {
    const from = this.address(x);
    const y = this.memory.output(out);
    const n = x.shape.at(-1)!;
    this.eachRow('norm', [y.at, from, size(out), n], [1, n], 2);
    return y;
  }
}

/** The kernel for each storage whose arithmetic is float32. */
const PRODUCT = { float32: 'product', float16: 'productHalf', int8: 'productInt8' };
