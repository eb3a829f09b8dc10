// What may cross to a worker: plain data. Options that are code are refused by name. Pictures cross as portable.ts has them.

/** Throws TypeError, naming it, for an option that has code in it: a function, a backend, a loaded tokenizer. */
export function expectOptions(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    const found = codeIn(value);
    if (found)
      throw new TypeError(
        `siglip-ts/worker: the option ${name} ${found}, which cannot cross to a worker; expected plain data` +
          (name === 'backend' ? ", such as a backend's name" : ''),
      );
  }
}

/** What of a value is no data, if anything. */
export function codeIn(value: unknown): string | undefined {
  if (typeof value === 'function') return 'is or has a function';
  if (typeof value !== 'object' || value === null) return undefined;
  if (ArrayBuffer.isView(value) || PLAIN.has(tagOf(value))) return undefined;
  if (value instanceof Map) return firstOf([...value.values()]);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value) || prototype === null || prototype === Object.prototype)
    return firstOf(Object.values(value));
  return `is or has an object of class ${value.constructor.name}`;
}

const tagOf = (x: object): string => Object.prototype.toString.call(x).slice(8, -1);
const PLAIN = new Set(['ArrayBuffer', 'SharedArrayBuffer', 'Blob', 'File', 'Date', 'RegExp']);
const firstOf = (values: readonly unknown[]): string | undefined =>
  values.map(codeIn).find((found) => found !== undefined);

/** The address of a model as the worker can use it. */
export const resolvedModel = (model: string): string =>
  globalThis.document && /^\.{0,2}\//.test(model)
    ? new URL(model, globalThis.document.baseURI).href
    : model;
