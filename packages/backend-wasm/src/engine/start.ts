// Starting: the kernels for this machine, compiled and put on a memory, and their threads. Whether they compute right is
// asked afterwards, by wasm.ts.
import type { Kernels } from '../assembler/kernel.ts';
import { LAYOUT } from '../kernels/product.ts';
import { Heap } from './heap.ts';
import type { WasmOptions } from './options.ts';
import { threadsOf } from './thread-count.ts';
import { CONTROL, Threads } from './threads.ts';
import { storedKernels } from './variants.ts';

export interface Started {
  readonly heap: Heap;
  readonly kernels: Kernels;
  /** null: this thread only. */
  readonly threads: Threads | null;
}

export async function start(o: WasmOptions): Promise<Started> {
  if (typeof WebAssembly === 'undefined')
    throw new Error('wasm: this engine has no WebAssembly; backend-cpu needs none');
  const count = threadsOf(o);
  if (o.threads !== 'auto' || count === 1) return startOn(count, o);
  try {
    return await startOn(count, o);
  } catch (error) {
    const started = await startOn(1, o); // no warning of what fails with one thread too
    (o.warn ?? console.warn)(`wasm: one thread; ${(error as Error).message}`);
    return started;
  }
}

async function startOn(count: number, o: WasmOptions): Promise<Started> {
  const shared = count > 1;
  const memory = new WebAssembly.Memory({
    initial: 16,
    ...(shared && { maximum: 65536, shared }),
  });
  const scalar = !(o.simd ?? hasSimd());
  const variant = { shared, scalar, relaxed: (o.relaxed ?? false) && !scalar };
  const given = o.module as WebAssembly.Module | undefined;
  const module = given ?? (await compile(storedKernels(variant)));
  expectLayout(module);
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const kernels = instance.exports as unknown as Kernels;
  const heap = new Heap(memory);
  const at = heap.take(CONTROL);
  const threads = shared ? await Threads.start(count, module, memory, kernels, at) : null;
  return { heap, kernels, threads };
}

/** Whether a function that makes a vector is one here. */
const hasSimd = (): boolean =>
  WebAssembly.validate(
    Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 17, 11), // prettier-ignore
  );

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

function expectLayout(module: WebAssembly.Module): void {
  const [note] = WebAssembly.Module.customSections(module, 'layout');
  if (String.fromCharCode(...new Uint8Array(note ?? [])) !== LAYOUT)
    throw new Error('wasm: these kernels belong to another version of this package');
}
