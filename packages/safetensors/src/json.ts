// JSON read value by value, as its caller asks for them. Not JSON.parse, which silently keeps the
// last of two equal keys, takes 1.0 for 1, rounds integers above 2^53 and loses __proto__ in plain
// objects.

/**
 * serde_json, the Rust library's parser, gives up at 128 levels; what is skipped starts at the
 * third.
 */
const DEEPEST = 125;

/**
 * Reads one JSON text from front to back. Every method starts at the next value and ends behind it.
 */
export class JsonReader {
  readonly #text: string;
  readonly #what: string;
  #at = 0;

  /** @param what what errors call the text. */
  constructor(text: string, what: string) {
    this.#text = text;
    this.#what = what;
  }

  /** The first character of the next value, or '' at the end. */
  peek(): string {
    for (;;) {
      const next = this.#text[this.#at];
      if (next !== ' ' && next !== '\t' && next !== '\n' && next !== '\r') return next ?? '';
      this.#at++;
    }
  }

  /** An object: calls `member` with each key, to read that key's value. Refuses a repeated key. */
  object(member: (key: string) => void): void {
    const seen = new Set<string>();
    this.#list('{', '}', () => {
      const key = this.string();
      if (seen.has(key))
        throw new Error(
          `${this.#what}: the key ${JSON.stringify(key)} appears twice, expected distinct keys`,
        );
      seen.add(key);
      this.#expect(':');
      member(key);
    });
  }

  /** An array: calls `item` to read each value. */
  array(item: () => void): void {
    this.#list('[', ']', item);
  }

  string(): string {
    if (this.peek() !== '"') throw this.#unexpected('a string');
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== '"')
      end += this.#text[end] === '\\' ? 2 : 1;
    const value = this.#parse(end + 1);
    if (typeof value !== 'string' || /\p{Surrogate}/u.test(value))
      throw this.#unexpected('a string of Unicode characters');
    this.#at = end + 1;
    return value;
  }

  /** A whole number from 0 to 2^53 - 1, in digits alone. */
  integer(): number {
    this.peek();
    let end = this.#at;
    while (this.#text[end]! >= '0' && this.#text[end]! <= '9') end++;
    const digits = this.#text.slice(this.#at, end);
    const more = '.eE'.includes(this.#text[end] ?? ' '); // 1.0 and 1e0 are not integers to Rust.
    if (!/^(0|[1-9]\d{0,15})$/.test(digits) || more || !Number.isSafeInteger(Number(digits)))
      throw this.#unexpected('a whole number from 0 to 2^53 - 1');
    this.#at = end;
    return Number(digits);
  }

  /** `null`, if that comes next. */
  null(): boolean {
    if (this.peek() !== 'n' || !this.#text.startsWith('null', this.#at)) return false;
    this.#at += 4;
    return true;
  }

  /** Any value, checked and dropped. */
  skip(): void {
    this.peek();
    const start = this.#at;
    let depth = 0;
    do {
      const next = this.peek();
      if (next === '"') this.string();
      else if (next === '') throw this.#unexpected('a value');
      else this.#at++;
      if (next === '{' || next === '[') depth++;
      if (next === '}' || next === ']') depth--;
      if (depth > DEEPEST) throw this.#unexpected(`at most ${DEEPEST} levels of nesting`);
    } while (depth > 0 || !',]}'.includes(this.peek()));
    const end = this.#at;
    this.#at = start;
    if (this.#parse(end) === undefined) throw this.#unexpected('a value');
    this.#at = end;
  }

  /** Throws unless only white space is left. */
  expectEnd(): void {
    if (this.peek() !== '') throw this.#unexpected('the end of the text');
  }

  #list(open: string, close: string, item: () => void): void {
    this.#expect(open);
    if (this.peek() === close) return this.#expect(close);
    for (;;) {
      item();
      if (this.peek() === close) return this.#expect(close);
      this.#expect(',');
    }
  }

  #expect(character: string): void {
    if (this.peek() !== character) throw this.#unexpected(`'${character}'`);
    this.#at++;
  }

  /** JSON.parse of the text from here to `end`; undefined where that is not JSON. */
  #parse(end: number): unknown {
    try {
      return JSON.parse(this.#text.slice(this.#at, end));
    } catch {
      return undefined;
    }
  }

  #unexpected(expected: string): Error {
    const rest = this.#text.slice(this.#at, this.#at + 20);
    const found = rest === '' ? 'the text ends' : `found ${JSON.stringify(rest)}`;
    return new Error(`${this.#what}: ${found} at character ${this.#at}, expected ${expected}`);
  }
}
