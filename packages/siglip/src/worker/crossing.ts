// What may cross to a worker: plain data. Options that are code are refused by name; pictures become bytes or pixels.
import type { ImageInput, Pixels } from '../load-image.ts';

/** Throws TypeError, naming it, for an option that has code in it: a function, a backend, a loaded tokenizer. */
export function checkOptions(options: Readonly<Record<string, unknown>>): void {
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

/** A picture that can be posted, and the buffers that were made for that. The caller's own are copied. */
export interface Portable {
  readonly image: unknown;
  readonly transfer: readonly ArrayBuffer[];
}

/** A picture as it crosses. Throws TypeError for what is none. */
export async function portable(image: ImageInput): Promise<Portable> {
  if (typeof image === 'string') return { image: resolved(image), transfer: [] };
  if (image instanceof URL) return { image: image.href, transfer: [] };
  if (typeof image !== 'object' || image === null || image instanceof Blob)
    return { image, transfer: [] };
  if (image instanceof Response) {
    if (!image.ok) throw new Error(`${image.url}: the server answers ${image.status}`);
    return { image: await image.blob(), transfer: [] };
  }
  if ('getContext' in image) {
    const context = image.getContext('2d');
    if (!context) throw new TypeError('canvas: it has no 2d context');
    const { data, width, height } = context.getImageData(0, 0, image.width, image.height);
    return { image: { data, width, height }, transfer: [data.buffer as ArrayBuffer] };
  }
  if (ArrayBuffer.isView(image) || PLAIN.has(tagOf(image))) return { image, transfer: [] };
  // ImageData, a RawImage or pixels of any library: of which the plain properties cross.
  const { data, width, height, ...rest } = image as Pixels;
  return { image: { ...rest, data, width, height }, transfer: [] };
}

/** A relative address is the page's and not the worker's; base64 has no dot, and paths are the process's. */
function resolved(text: string): string {
  const base = globalThis.document?.baseURI;
  const relative = /^\.{0,2}\//.test(text) || /^[^:]*\.\w{1,5}([?#].*)?$/.test(text);
  return base && relative && !/^[A-Za-z0-9+/\s]+={0,2}$/.test(text)
    ? new URL(text, base).href
    : text;
}
/** The address of a model as the worker can use it. */
export const resolvedModel = (model: string): string =>
  globalThis.document && /^\.{0,2}\//.test(model)
    ? new URL(model, globalThis.document.baseURI).href
    : model;
