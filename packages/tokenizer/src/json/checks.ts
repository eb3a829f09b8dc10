// Reads JSON that may be anything: what it holds is named in the error where it is not what was expected.
export type Json = Record<string, unknown>;

/** Deeper than any value that is read here. */
const DEEPEST = 64;

/** The beginning of a value, for errors. One that is nested without end is not written: that would end the stack. */
export const short = (value: unknown): string =>
  isShallow(value, DEEPEST)
    ? (JSON.stringify(value) ?? 'missing').slice(0, 60)
    : `nested deeper than ${DEEPEST} levels`;

const isShallow = (value: unknown, left: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (left > 0 && Object.values(value).every((item) => isShallow(item, left - 1)));

export function fail(name: string, value: unknown, expected: string): never {
  throw new Error(`tokenizer.json: ${name} is ${short(value)}, expected ${expected}`);
}

export function object(value: unknown, name: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  return fail(name, value, 'an object');
}

export function list(value: unknown, name: string): unknown[] {
  return Array.isArray(value) ? value : fail(name, value, 'a list');
}

export function string(value: unknown, name: string): string {
  return typeof value === 'string' ? value : fail(name, value, 'a text');
}

/** A text that goes into others, so often that it must be short. */
export function insert(value: unknown, name: string): string {
  const text = string(value, name);
  return text.length <= MOST_INSERTED
    ? text
    : fail(name, text, `at most ${MOST_INSERTED} characters`);
}
const MOST_INSERTED = 256;

/** One of `allowed`; the first of them where there is nothing. */
export function oneOf<T>(value: unknown, name: string, allowed: readonly T[]): T {
  if (value === undefined) return allowed[0]!;
  if (allowed.includes(value as T)) return value as T;
  return fail(name, value, allowed.map((one) => JSON.stringify(one)).join(' or '));
}

/** Throws an Error for a field that is not among `known`: nothing that a file asks for is passed over. */
export function expectFields(json: Json, name: string, known: string): void {
  for (const key of Object.keys(json))
    if (!known.split(' ').includes(key)) fail(`${name}.${key}`, json[key], `only ${known}`);
}

/** How the components of one kind are read, by their type: what each has beside it, and what it does. */
export type Readers<T> = Readonly<
  Record<string, readonly [fields: string, read: (json: Json, name: string) => T]>
>;

/** Sequences may lie in sequences so often. */
const MOST_DEEP = 16;

/** A component by its type. Throws an Error that names a type, or a field, that is not known. */
export function component<T>(value: unknown, name: string, readers: Readers<T>): T {
  const json = object(value, name);
  if (name.split(' Sequence').length > MOST_DEEP) return fail(name, value, 'fewer in one another');
  const type = json['type'];
  if (typeof type !== 'string' || !Object.hasOwn(readers, type))
    return fail(`the type of ${name}`, type, Object.keys(readers).join(', '));
  const [fields, read] = readers[type]!;
  expectFields(json, `${name} ${type}`, `type ${fields}`.trim());
  return read(json, `${name} ${type}`);
}
