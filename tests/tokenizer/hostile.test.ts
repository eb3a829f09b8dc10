// Bad files and bad texts: always an Error or an answer, never a hang, a crash or memory out of
// proportion.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  emptyModel,
  PieceType,
  readModel,
  SentencePiece,
  type SentencePieceModel,
  SiglipTokenizer,
  writeModel,
} from '@siglip-ts/tokenizer';
import { model } from './goldens.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
const load = (file: Uint8Array) => SentencePiece.fromBytes(file);

/** A small sound model, changed by `spoil`, as a file. */
function spoilt(spoil: (model: SentencePieceModel) => void): Uint8Array {
  const made = emptyModel();
  made.pieces = [
    { piece: '<unk>', score: 0, type: PieceType.UNKNOWN },
    { piece: '▁', score: -2, type: PieceType.NORMAL },
    { piece: 'a', score: -1, type: PieceType.NORMAL },
  ];
  spoil(made);
  return writeModel(made);
}

describe('protobuf', () => {
  test.each([
    ['no bytes', bytes(), 'spiece.model: the file holds no pieces'],
    [
      'a length beyond the end',
      bytes(0x0a, 0x7f, 0x00),
      'spiece.model: protobuf: a field of 127 bytes at byte 2, 1 bytes are left',
    ],
    [
      'a length of 4 GB',
      bytes(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f),
      'spiece.model: protobuf: a field of 4294967295 bytes at byte 6, 0 bytes are left',
    ],
    [
      'an end inside a number',
      bytes(0x0a, 0xff),
      'spiece.model: protobuf: the file ends inside a number',
    ],
    [
      'an endless number',
      new Uint8Array(40).fill(0xff),
      'spiece.model: protobuf: a number has more than 10 bytes',
    ],
    ['field 0', bytes(0x02, 0x00), 'spiece.model: protobuf: field number 0 before byte 1'],
    ['a group', bytes(0x0b), 'spiece.model: protobuf: wire type 3 before byte 1'],
    [
      'text that is not UTF-8',
      bytes(0x0a, 0x03, 0x0a, 0x01, 0xff),
      'spiece.model: piece 0 is not valid UTF-8',
    ],
  ])('%s', (_, file, message) => {
    expect(() => load(file)).toThrow(new Error(message));
  });
  test('fields of other wire types are skipped', () => {
    const odd = bytes(0x08, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4);
    const file = Uint8Array.from([...odd, ...spoilt(() => {})]);
    expect(readModel(file)).toEqual(readModel(spoilt(() => {})));
  });
});

describe('pieces', () => {
  test.each<[string, (model: SentencePieceModel) => void, string]>([
    ['no unknown piece', (m) => m.pieces.shift(), 'no unknown piece'],
    [
      'two unknown pieces',
      (m) => (m.pieces[1]!.type = PieceType.UNKNOWN),
      'two unknown pieces, 0 and 1',
    ],
    ['nothing but <unk>', (m) => (m.pieces.length = 1), 'no piece stands for text'],
    ['an empty piece', (m) => (m.pieces[1]!.piece = ''), 'piece 1 is empty'],
    ['a NUL', (m) => (m.pieces[1]!.piece = 'a\0'), 'piece 1 holds a NUL'],
    [
      'a long piece',
      (m) => (m.pieces[1]!.piece = 'a'.repeat(8000)),
      'piece 1 has 8000 bytes or more',
    ],
    ['a repeated piece', (m) => (m.pieces[1]!.piece = 'a'), '"a" is there twice, as 1 and 2'],
    ['NaN', (m) => (m.pieces[1]!.score = NaN), 'the score of piece 1 is NaN'],
    ['infinity', (m) => (m.pieces[2]!.score = -Infinity), 'the score of piece 2 is -Infinity'],
    ['BPE', (m) => (m.trainer_spec.model_type = 2), 'model type BPE, only unigram is supported'],
    [
      'model type 9',
      (m) => (m.trainer_spec.model_type = 9),
      'model type 9, only unigram is supported',
    ],
    [
      'a stray byte piece',
      (m) => (m.pieces[2]!.type = PieceType.BYTE),
      '"a" is a byte, but byte_fallback is off',
    ],
    ['too few bytes', (m) => (m.trainer_spec.byte_fallback = true), '0 byte pieces, expected 256'],
  ])('%s', (_, spoil, message) => {
    expect(() => load(spoilt(spoil))).toThrow(new Error(`spiece.model: ${message}`));
  });
  test('scores at the edge of float32 still end', () => {
    const sp = load(spoilt((m) => (m.pieces[2]!.score = -3.4e38)));
    expect(sp.encodeAsPieces('a'.repeat(2000)).join('')).toBe('▁' + 'a'.repeat(2000));
  });
});

describe('charsmap', () => {
  const withMap = (map: Uint8Array) =>
    spoilt((m) => (m.normalizer_spec.precompiled_charsmap = map));
  /** A trie of 256 units and replacements. */
  const map = (units: Record<number, number>, replacements = [0]) => {
    const out = new Uint8Array(4 + 1024 + replacements.length);
    const view = new DataView(out.buffer);
    view.setUint32(0, 1024, true);
    for (let i = 0; i < 256; i++) view.setUint32(4 + 4 * i, units[i] ?? 0x80000000, true);
    out.set(replacements, 1028);
    return out;
  };
  // The root's children lie at 1 ^ byte; a unit is offset << 10 | has leaf << 8 | label.
  const root = 1 << 10;
  test.each([
    ['three bytes', bytes(1, 2, 3), 'spiece.model: charsmap: a trie of 0 bytes in 3 bytes'],
    [
      'a size of 4 GB',
      bytes(255, 255, 255, 255, 0),
      'spiece.model: charsmap: a trie of 4294967295 bytes in 5 bytes',
    ],
    [
      'no replacements',
      map({ 0: root }, []),
      'spiece.model: charsmap: a trie of 1024 bytes in 1028 bytes',
    ],
    [
      'an open replacement',
      map({ 0: root }, [65]),
      'spiece.model: charsmap: the last replacement is not ended by a NUL byte',
    ],
    [
      'a root that leads out',
      map({ 0: 300 << 10 }),
      'spiece.model: charsmap: the trie points outside itself',
    ],
    [
      'a root that leads nowhere',
      map({ 0: 0 }),
      'spiece.model: charsmap: the trie points outside itself',
    ],
    [
      'a node that leads out',
      map({ 0: root, 9: 0xffffffff & 0x7ffffe09 }),
      'spiece.model: charsmap: the trie points outside itself',
    ],
    [
      'a value beyond the replacements',
      map({ 0: root, 9: 0x80000005 }),
      'spiece.model: charsmap: the trie points outside itself',
    ],
    [
      'a leaf that is none',
      map({ 0: root, 96: (1 << 10) | 0x161, 97: 0x61 }),
      'spiece.model: charsmap: the trie points outside itself',
    ],
  ])('%s', (_, file, message) => {
    expect(() => load(withMap(file))).toThrow(new Error(message));
  });

  // "a" (0x61): its unit at 1 ^ 0x61 = 96 has offset 1 ^ ... so that its leaf is unit 97.
  const growing = (length: number) =>
    map({ 0: root, 96: (1 << 10) | 0x100 | 0x61, 97: 0x80000000 }, [
      ...Array<number>(length).fill(0x62),
      0,
    ]);
  test('a rule is applied', () => {
    expect(load(withMap(growing(3))).normalize('xay')).toBe('▁xbbby');
  });
  test('a map that makes the text enormous is refused', () => {
    const sp = load(withMap(growing(200_000)));
    expect(() => sp.encodeAsIds('a'.repeat(50_000))).toThrow(
      'normalizer: the charsmap makes the text more than 64 times longer',
    );
  });
});

describe('mutations of sound models', () => {
  const survives = (file: Uint8Array) => {
    let sp: SentencePiece;
    try {
      sp = load(file);
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      return;
    }
    for (const text of ['', 'A photo of ½ cat', 'ﬁ 猫🙂é']) {
      const { pieces, ids } = sp.encode(text);
      expect(pieces).toHaveLength(ids.length);
      sp.decodePieces(pieces);
    }
  };
  const mutated = (file: Uint8Array, runs: number) =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.option(fc.nat(file.length)),
        (changes, end) => {
          const copy = file.slice(0, end ?? file.length);
          for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
          survives(copy);
        },
      ),
      { numRuns: runs },
    );
  test('byte-fallback', () => mutated(model('byte-fallback'), 300));
  test('plain, most of which is its charsmap', () => mutated(model('plain'), 60));
  test('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), survives));
  });
});

describe('texts', () => {
  const tok = new SiglipTokenizer({ vocab_file: model('plain'), warn: () => {} });
  tok.add_tokens(['aaab', { content: 'bbbb', lstrip: true, rstrip: true }]);
  test.each([
    ' ',
    'a',
    'aaa b',
    '▁',
    '</s>',
    ' </s> ',
    '<',
    'Σ',
    '\u0301',
    '🙂',
    '\ud800',
    '\u3000',
    '!',
    '\0',
  ])('a long run of %j takes linear time', (unit) => {
    const ids = tok.encode(unit.repeat(200_000 / unit.length), null, { verbose: false });
    expect(ids.length).toBeLessThanOrEqual(200_002);
  });
});

describe('files of a folder', () => {
  const read = (files: Record<string, string>) => {
    const all = new Map([['spiece.model', model('byte-fallback')]]);
    for (const [name, text] of Object.entries(files)) all.set(name, new TextEncoder().encode(text));
    return SiglipTokenizer.fromFiles(all);
  };
  test.each([
    [{ 'tokenizer_config.json': '{' }, 'tokenizer_config.json: not valid JSON'],
    [{ 'tokenizer_config.json': '[1]' }, 'tokenizer_config.json: holds [1], expected an object'],
    [
      { 'special_tokens_map.json': 'null' },
      'special_tokens_map.json: holds null, expected an object',
    ],
    [{ 'added_tokens.json': '{"a":"b"}' }, 'added_tokens.json: the id of "a" is "b"'],
    [
      { 'tokenizer_config.json': '{"added_tokens_decoder":{"x":{"content":"a"}}}' },
      'tokenizer_config.json: added_tokens_decoder: "x" with content "a", expected an id and a string',
    ],
    [
      { 'tokenizer_config.json': '{"added_tokens_decoder":{"1":null}}' },
      'tokenizer_config.json: added_tokens_decoder: "1" with content undefined, expected an id and a string',
    ],
    [
      { 'tokenizer_config.json': '{"additional_special_tokens":5}' },
      'Value 5 is not a list or tuple',
    ],
    [
      { 'tokenizer_config.json': '{"additional_special_tokens":[null]}' },
      'One of the tokens is not a string or an AddedToken',
    ],
    [
      { 'tokenizer_config.json': '{"eos_token":5}' },
      'Cannot set a non-string value as the eos_token',
    ],
  ])('%j', (files, message) => {
    expect(() => read(files)).toThrow(message);
  });
  test('without a token that ends texts', () => {
    const tokenizer = read({ 'tokenizer_config.json': '{"eos_token":null}' });
    const words = 'eos_token is null in tokenizer_config.json or the options, expected the token';
    expect(() => tokenizer.call('a')).toThrow(words);
    expect(() => tokenizer.call('a', null, { return_tensors: true })).toThrow(words);
    expect(tokenizer.call('a', null, { add_special_tokens: false }).input_ids).toHaveLength(1);
  });
  test('without spiece.model', () => {
    expect(() => SiglipTokenizer.fromFiles(new Map())).toThrow(
      'spiece.model: missing, found no files',
    );
  });
});
