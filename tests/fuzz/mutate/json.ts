// Edits of JSON: values become odd ones, keys are renamed, left out and doubled, nesting goes deep. Also edits of its text.
import type { Random } from '../random.ts';
import { mutateBytes } from './bytes.ts';

/** A text that is written as lists in lists, thousands deep. */
const DEEP = '\u0001deep';
const LONG = 'ab '.repeat(5000);

// prettier-ignore
const ODD: readonly unknown[] = [
  null, true, false, '', ' ', 'x', '\0', '\ud800', 'constructor', '__proto__', 'NaN', '</s>', '▁', '🚀', LONG, DEEP,
  -1, 0, 1, 2, 0.5, -0, 65_536, 70_000, 1e7, 2 ** 31, 2 ** 32, 2 ** 53, 1e30, 1e300, -1e300,
  [], ['a'], [0], [null], [[1]], {}, { a: 1 }, { constructor: 1 }, { content: 'x' }, { content: null }, { type: 'Sequence' },
];
/** One of its own: what is put in may be edited next. */
const odd = (r: Random): unknown => structuredClone(r.pick(ODD));
const KEYS = ['', 'constructor', '__proto__', 'toString', 'length', 'type', 'content', '0', 'x'];

type Nested = Record<string, unknown>;
const isNested = (value: unknown): value is Nested => typeof value === 'object' && value !== null;

export function mutateJsonText(r: Random, text: string): string {
  // What an edit before this one has made deep can't be written again.
  if (r.once(25) || text.includes('['.repeat(500))) return inText(r, text);
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return inText(r, text);
  }
  if (!isNested(root) || r.once(100)) root = odd(r);
  else for (let n = 1 + r.below(3); n > 0; n--) editInside(r, root as Nested);
  const depth = r.pick([10, 1000, 20_000]);
  return JSON.stringify(root).replaceAll(
    JSON.stringify(DEEP),
    () => '['.repeat(depth) + ']'.repeat(depth),
  );
}

/** Walks into the value by chance, and edits there. */
function editInside(r: Random, value: Nested): void {
  const keys = Object.keys(value);
  if (keys.length === 0) return void define(value, 'x', odd(r));
  const key = r.pick(keys);
  const inner = value[key];
  if (isNested(inner) && !r.once(4)) return editInside(r, inner);
  switch (r.below(8)) {
    case 0:
      if (Array.isArray(value)) value.splice(Number(key), 1);
      else delete value[key];
      return;
    case 1: {
      if (Array.isArray(value)) return void value.push(structuredClone(inner));
      delete value[key];
      return define(value, r.once(2) ? r.pick(KEYS) : `${key}_`, inner);
    }
    case 2:
      return define(value, key, structuredClone(value[r.pick(keys)]));
    case 3:
      return define(value, key, nudged(r, inner));
    case 4:
      return Array.isArray(value) ? void value.push(odd(r)) : define(value, r.pick(KEYS), odd(r)); // prettier-ignore
    default:
      return define(value, key, odd(r));
  }
}

/** A value near the one that is there. */
function nudged(r: Random, value: unknown): unknown {
  if (typeof value === 'number')
    return r.pick([value + 1, value - 1, -value, value * 2, value / 2, value * 1e6, String(value)]);
  if (typeof value === 'string')
    return r.pick([value + 'x', value.slice(1), value.toUpperCase(), value.repeat(3), [value]]);
  if (typeof value === 'boolean') return r.pick<unknown>([!value, String(value), Number(value)]);
  return Array.isArray(value) ? [...value, ...structuredClone(value)] : [value];
}

/** Also where the key is __proto__. */
const define = (to: Nested, key: string, value: unknown): void =>
  void Object.defineProperty(to, key, { value, enumerable: true, configurable: true, writable: true }); // prettier-ignore

function inText(r: Random, text: string): string {
  const at = r.below(text.length + 1);
  const more = r.pick(['{', '}', '[', ']', '"', ',', ':', '\\u', 'NaN', '-', '1e999', '\ufeff', '\0', '//', DEEP]); // prettier-ignore
  const cut = r.pick([0, 0, 1, 10]);
  return text.slice(0, at) + more + text.slice(at + cut);
}

/** The bytes of a JSON file; now and then what is no UTF-8. */
export function mutateJson(r: Random, bytes: Uint8Array): Uint8Array {
  if (r.once(40)) return mutateBytes(r, bytes);
  return new TextEncoder().encode(mutateJsonText(r, new TextDecoder().decode(bytes)));
}

/** A line of a file of lines, or their order. */
export function mutateLines(r: Random, bytes: Uint8Array): Uint8Array {
  if (r.once(40)) return mutateBytes(r, bytes);
  const lines = new TextDecoder().decode(bytes).split('\n').filter(Boolean);
  const at = r.below(lines.length);
  lines[at] = mutateJsonText(r, lines[at] ?? '{}');
  if (r.once(10)) lines.splice(r.below(lines.length), 1);
  return new TextEncoder().encode(lines.join(r.pick(['\n', '\n', '\r\n', '\n\n'])));
}
