// A WebAssembly module of functions over one imported memory. Written in one pass, the same bytes every time.
import { ascii, limits, section, sized, text, uleb, vector } from './bytes.ts';
import type { Code } from './expressions.ts';
import { FunctionBuilder, paramOf, type Param, type Type } from './function.ts';
import { scalarCode } from './scalar.ts';

export class ModuleBuilder {
  private readonly functions: { name: string; params: number; type: Code; code: Code }[] = [];
  private readonly notes: Code[] = [];

  /** Adds a function without a result and exports it under its name. */
  func<const P extends readonly Type[]>(
    name: string,
    params: P,
    build: (f: FunctionBuilder, ...args: { [K in keyof P]: Param<P[K]> }) => void,
  ): void {
    const f = new FunctionBuilder(params);
    const args = params.map((type, i) => paramOf(type, i));
    build(f, ...(args as { [K in keyof P]: Param<P[K]> }));
    this.functions.push({ name, params: params.length, ...f.finish() });
  }

  /** The index of a function that was added before, for calls. */
  indexOf(name: string): number {
    const index = this.functions.findIndex((f) => f.name === name);
    if (index < 0) throw new Error(`module: no function ${name} yet`);
    return index;
  }

  /** Text in ASCII that WebAssembly.Module.customSections finds by its name. */
  note(name: string, content: string): void {
    this.notes.push(section(0, [...text(name), ...ascii(content)]));
  }

  /** The module. `shared`: its memory is one that threads share; `scalar`: without SIMD instructions. */
  bytes({ shared = false, scalar = false } = {}): Uint8Array {
    const codeOf = (f: { code: Code; params: number }) =>
      scalar ? scalarCode(f.code, f.params) : sized(f.code);
    const memory = [...text('env'), ...text('memory'), 0x02, ...limits(shared)];
    const index = (i: number) => uleb(i);
    const types = [...new Map(this.functions.map(({ type }) => [type.join(), type])).entries()];
    const typeOf = (f: { type: Code }) => uleb(types.findIndex(([key]) => key === f.type.join()));
    return Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, vector(types.map(([, type]) => type))),
      ...section(2, vector([memory])),
      ...section(3, vector(this.functions.map(typeOf))),
      ...section(7, vector(this.functions.map((f, i) => [...text(f.name), 0x00, ...index(i)]))),
      ...section(10, vector(this.functions.map(codeOf))),
      ...this.notes.flat(),
    ]);
  }
}
