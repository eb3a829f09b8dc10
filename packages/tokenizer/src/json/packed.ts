// The vocabulary and merges of a tokenizer.json with BPE, straight from the file's bytes: a string, an object and a Map's entry
// for each would take seconds. Reads them as HF's tokenizers writes them; all else is left to JSON.parse and its checks.
import { isUtf8, utf8Decode, utf8Into } from '../text/utf8.ts';
import type { BpeModel } from './bpe.ts';
import { type Json, object } from './checks.ts';
import { isLone, PackedIds } from './token-ids.ts';

/** What stands in `json` for what was read here. */
const [VOCAB, MERGES] = [-1, -2];

export interface Packed extends BpeModel {
  readonly ids: PackedIds;
  /** The file without vocabulary and merges. */
  readonly json: Json;
}

/** null where something is written in another way, or wrong. */
export function readPacked(file: Uint8Array): Packed | null {
  try {
    return read(file);
  } catch {
    return null; // what is wrong is found by who reads it then
  }
}

function read(file: Uint8Array): Packed {
  const vocab = sectionAt(file, '"vocab":{', 0);
  const reader = new Reader(file, vocab);
  const ends: number[] = [];
  do {
    reader.text();
    reader.pass(':');
    if (reader.number() !== ends.length) odd();
    ends.push(reader.size);
  } while (reader.passes(','));
  reader.pass('}');
  const vocabEnd = reader.at;
  if (!isUtf8(file.subarray(vocab, vocabEnd))) odd();
  const ids = new PackedIds(reader.bytes.slice(0, reader.size), Int32Array.from(ends));

  const merges = (reader.at = sectionAt(file, '"merges":[', vocabEnd));
  // Of four bytes at least, with its comma, three numbers each.
  const found = new Int32Array(0.75 * (file.length - merges) + 3);
  let count = 0;
  do addMerge(reader, ids, found, 3 * count++);
  while (reader.passes(','));
  reader.pass(']');
  const before = utf8Decode(file, 0, vocab - 1) + VOCAB;
  const between = utf8Decode(file, vocabEnd, merges - 1) + MERGES;
  const json = JSON.parse(before + between + utf8Decode(file, reader.at)) as Json;
  const model = object(json['model'], 'model');
  if (model['vocab'] !== VOCAB || model['merges'] !== MERGES) odd(); // they were another's
  return { json, ids, merges: found.slice(0, 3 * count) };
}

function odd(): never {
  throw new Error();
}

function addMerge(reader: Reader, ids: PackedIds, merges: Int32Array, at: number): void {
  const middle = reader.pair();
  const { bytes, size } = reader;
  const left = (merges[at] = ids.find(bytes, 0, middle));
  const right = (merges[at + 1] = ids.find(bytes, middle, size));
  // Merges that make the same token follow each other.
  const before = at > 0 && ids.isAt(merges[at - 1]!, bytes, 0, size);
  const made = (merges[at + 2] = before ? merges[at - 1]! : ids.find(bytes, 0, size));
  if ((left | right | made) < 0) odd();
}

/** The first place behind these signs, with or without white space between. */
function sectionAt(file: Uint8Array, signs: string, from: number): number {
  for (let at = file.indexOf(QUOTE, from); at >= 0; at = file.indexOf(QUOTE, at + 1)) {
    let end = at;
    for (let i = 0; end >= 0 && i < signs.length; i++) end = behind(file, end, signs[i]!);
    if (end >= 0) return end;
  }
  return odd();
}

/** The place behind white space and a sign; -1 where there is another. */
function behind(file: Uint8Array, at: number, sign: string): number {
  while (file[at] === SPACE || file[at] === 0x0a || file[at] === 0x0d || file[at] === 0x09) at++;
  return file[at] === sign.charCodeAt(0) ? at + 1 : -1;
}

const [SPACE, QUOTE, BACKSLASH] = [0x20, 0x22, 0x5c];

/** Steps through JSON, and throws where it is not what is asked for. */
class Reader {
  readonly #file: Uint8Array;
  at: number;
  /** The UTF-8 of the texts that were passed: `size` bytes. */
  readonly bytes: Uint8Array;
  size = 0;

  constructor(file: Uint8Array, at: number) {
    this.#file = file;
    this.at = at;
    this.bytes = new Uint8Array(file.length);
  }

  passes(sign: string): boolean {
    const at = behind(this.#file, this.at, sign);
    if (at >= 0) this.at = at;
    return at >= 0;
  }

  pass(sign: string): void {
    if (!this.passes(sign)) odd();
  }

  /** Of at most 8 digits. */
  number(): number {
    const file = this.#file;
    while (file[this.at] === SPACE) this.at++;
    const begin = this.at;
    let number = 0;
    for (let digit; (digit = file[this.at]! - 0x30) >= 0 && digit <= 9; this.at++)
      number = 10 * number + digit;
    const length = this.at - begin;
    return length < 9 && String(number).length === length ? number : odd(); // 007 is none
  }

  text(): void {
    this.pass('"');
    const file = this.#file;
    const { bytes, at: begin } = this;
    let { at, size } = this;
    let escapes = false;
    for (; file[at] !== QUOTE; at++) {
      if (!(file[at]! >= SPACE)) odd();
      if (file[at] === BACKSLASH) {
        escapes = true;
        at++;
      }
      bytes[size++] = file[at]!;
    }
    this.at = at + 1;
    if (escapes) {
      const text: string = JSON.parse(utf8Decode(file, begin - 1, at + 1));
      if (isLone(text)) odd();
      size = utf8Into(text, bytes, this.size);
    }
    this.size = size;
  }

  /** A merge, "left right" or ["left", "right"]: both lie in `bytes`, the left one up to what is returned. */
  pair(): number {
    this.size = 0;
    if (this.passes('[')) {
      this.text();
      const left = this.size;
      this.pass(',');
      this.text();
      this.pass(']');
      return left;
    }
    this.text();
    const { bytes, size } = this;
    let space = 0;
    let spaces = 0;
    for (let i = 0; i < size; i++) {
      bytes[i - spaces] = bytes[i]!;
      if (bytes[i] === SPACE && spaces++ === 0) space = i;
    }
    this.size = size - 1;
    return spaces === 1 ? space : odd();
  }
}
