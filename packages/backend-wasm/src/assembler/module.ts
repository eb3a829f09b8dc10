// A WebAssembly module of functions over one imported memory. Written in one pass, the same bytes every time.
import { ascii, limits, section, sized, text, uleb, vector } from './bytes.ts';
import type { Code } from './expressions.ts';
import { FunctionBuilder, type Params, paramsOf } from './function.ts';
import type { Kernel } from './kernel.ts';
import { scalarCode } from './scalar.ts';

export class ModuleBuilder {
  private readonly functions: { kernel: Kernel; type: Code; code: Code }[] = [];
  private readonly notes: Code[] = [];

  /** Adds a function without a result and exports it under its name. It may call those that were added before. */
  func<A extends string, F extends string>(
    kernel: Kernel<A, F>,
    build: (f: FunctionBuilder, params: Params<A, F>) => void,
  ): void {
    const names = this.functions.map((f) => f.kernel.name);
    const f = new FunctionBuilder(kernel, names);
    build(f, paramsOf(kernel));
    this.functions.push({ kernel, ...f.finish() });
  }

  /** Text in ASCII that WebAssembly.Module.customSections finds by its name. */
  note(name: string, content: string): void {
    this.notes.push(section(0, [...text(name), ...ascii(content)]));
  }

  /** The module. `shared`: its memory is one that threads share; `scalar`: without SIMD instructions. */
  bytes({ shared = false, scalar = false } = {}): Uint8Array {
    const codeOf = (f: { code: Code; kernel: Kernel }) =>
      scalar ? scalarCode(f.code, f.kernel.args.length) : sized(f.code);
    const memory = [...text('env'), ...text('memory'), 0x02, ...limits(shared)];
    const index = (i: number) => uleb(i);
    const types = [...new Map(this.functions.map(({ type }) => [type.join(), type])).entries()];
    const typeOf = (f: { type: Code }) => uleb(types.findIndex(([key]) => key === f.type.join()));
    return Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, vector(types.map(([, type]) => type))),
      ...section(2, vector([memory])),
      ...section(3, vector(this.functions.map(typeOf))),
      ...section(
        7,
        vector(this.functions.map((f, i) => [...text(f.kernel.name), 0x00, ...index(i)])),
      ),
      ...section(10, vector(this.functions.map(codeOf))),
      ...this.notes.flat(),
    ]);
  }
}
