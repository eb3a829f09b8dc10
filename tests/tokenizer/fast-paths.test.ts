// Where the tokenizer takes a shorter way for common text, the long way gives the same.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  emptyModel,
  PieceType,
  readModel,
  SiglipTokenizer,
  type SiglipTokenizerInit,
  writeModel,
} from '@siglip-ts/tokenizer';
import {
  byteTrie,
  childOf,
  longestPrefix,
  valueOf,
} from '../../packages/tokenizer/src/sentencepiece/byte-trie.ts';
import { Normalizer } from '../../packages/tokenizer/src/sentencepiece/normalizer.ts';
import { canonicalize, lowerCase, strip } from '../../packages/tokenizer/src/text/canonicalize.ts';
import { utf8Encode } from '../../packages/tokenizer/src/text/utf8.ts';
import { model } from './goldens.ts';

/** Mostly ASCII, with what interrupts it: marks, other spaces, symbols, wide characters. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 6 }),
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.constantFrom(' ', '  ', 'A photo', 'two  words', '\u0301', 'e\u0301', '▁', '\u3000', '½'),
      fc.constantFrom('cat', 'THE', '<ctrl>', 'É', '</s>', '</S>', '<unk>', "n't.", '\n'),
    ),
  )
  .map((parts) => parts.join(''));

describe('a trie', () => {
  const key = fc.string({
    minLength: 1,
    maxLength: 4,
    unit: fc.constantFrom(...'\0\x01\x02\x03\x04\x05'),
  });
  const wide = fc.string({ minLength: 1, maxLength: 3, unit: 'binary' });
  const keys = fc.uniqueArray(fc.oneof(key, wide), { maxLength: 400 });

  test('gives each key its value, and the longest key that a text begins with', () => {
    fc.assert(
      fc.property(keys, fc.uint8Array({ max: 6, maxLength: 20 }), (texts, bytes) => {
        const trie = byteTrie(texts, [...texts.keys()]);
        const list = texts.map(utf8Encode);
        const values = list.map((k) =>
          valueOf(
            trie,
            k.reduce((n, b) => childOf(trie, n, b), 0),
          ),
        );
        expect(values).toEqual([...list.keys()]);
        for (let at = 0; at < bytes.length; at++) {
          const fits = list.filter((k) => k.every((byte, i) => bytes[at + i] === byte));
          const longest = Math.max(0, ...fits.map((k) => k.length));
          expect(longestPrefix(trie, bytes, at, bytes.length)).toBe(longest);
        }
      }),
    );
  });
  test('without keys has nothing below its root', () => {
    const trie = byteTrie([], []);
    for (let byte = 0; byte < 256; byte++) expect(childOf(trie, 0, byte)).toBe(-1);
  });
});

describe('ASCII that no rule touches is copied', () => {
  /** A map with the rules a -> "bb", and every "c d" (one space) -> "e". */
  const asciiRules = (): Uint8Array => {
    const units = new Uint32Array(1024).fill(0x80000000);
    const unit = (children: number, leaf: boolean, label: number) =>
      (children << 10) | (Number(leaf) << 8) | label;
    // A node's children lie at its index ^ its offset ^ their byte; a leaf's value at byte 0.
    units[0] = unit(256, false, 0);
    units[256 ^ 0x61] = unit(256 ^ 0x61 ^ 512, true, 0x61);
    units[512] = 0x80000000; // "bb"
    units[256 ^ 0x63] = unit(256 ^ 0x63 ^ 768, false, 0x63);
    units[768 ^ 0x20] = unit(768 ^ 0x20 ^ 640, false, 0x20);
    units[640 ^ 0x64] = unit(640 ^ 0x64 ^ 896, true, 0x64);
    units[896] = 0x80000003; // "e"
    const out = new Uint8Array(4 + 4096 + 5);
    const view = new DataView(out.buffer);
    view.setUint32(0, 4096, true);
    units.forEach((u, i) => view.setUint32(4 + 4 * i, u, true));
    out.set(utf8Encode('bb\0e\0'), 4100);
    return out;
  };
  const specs = ['plain', 'casefold', 'no-prefix', 'byte-fallback'].map(
    (name) => [name, readModel(model(name)).normalizer_spec] as const,
  );
  const ascii = { ...emptyModel().normalizer_spec, precompiled_charsmap: asciiRules() };
  const symbols = ['cat', 'two  words', ' x', 'e\u0301', '#'];

  /** Both ways: as it is, and with every character looked up. */
  const ways = (...args: ConstructorParameters<typeof Normalizer>) => {
    const [fast, slow] = [new Normalizer(...args), new Normalizer(...args)];
    slow.untouched.fill(0);
    return [fast, slow] as const;
  };
  const run = (normalizer: Normalizer, t: string) => {
    const bytes = utf8Encode(t);
    return normalizer.normalize(bytes, bytes.length).slice();
  };

  describe.each([...specs, ['with rules on ASCII', ascii] as const])('%s', (_, spec) => {
    test('any text, with and without symbols, tidying and the dummy space', () => {
      const options = fc.record({
        tidy: fc.boolean(),
        dummy: fc.boolean(),
        spaceAsSuffix: fc.boolean(),
        symbols: fc.constantFrom([], symbols),
      });
      fc.assert(
        fc.property(text, options, (t, { tidy, dummy, ...rest }) => {
          const flags = { remove_extra_whitespaces: tidy, add_dummy_prefix: dummy };
          const [fast, slow] = ways({ ...spec, ...flags }, rest);
          expect(run(fast, t)).toEqual(run(slow, t));
        }),
      );
    });
    test('every pair of ASCII characters, alone and before a mark', () => {
      const [fast, slow] = ways(spec);
      for (let a = 0; a < 128; a++)
        for (let b = 0; b < 128; b++)
          for (const end of ['', '\u0301']) {
            const t = String.fromCharCode(a, b) + end;
            if (String(run(fast, t)) !== String(run(slow, t))) expect.fail(JSON.stringify(t));
          }
    });
  });
  test('what is copied', () => {
    const copied = (spec: ConstructorParameters<typeof Normalizer>[0], list: string[] = []) =>
      [...new Normalizer(spec, { symbols: list }).untouched.entries()]
        .filter(([, is]) => is)
        .map(([byte]) => String.fromCharCode(byte))
        .join('');
    const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => i + 32));
    expect(copied(specs[0]![1])).toContain(printable);
    expect(copied(specs[0]![1])).not.toMatch(/[\t\n\r\x01\x80-\xff]/);
    expect(copied(specs[1]![1])).not.toMatch(/[A-Z]/); // the map lower-cases
    expect(copied(ascii)).not.toMatch(/[ac]/);
    expect(copied(specs[0]![1], symbols)).not.toMatch(/[cte #]/);
  });
});

describe('text before SentencePiece', () => {
  const SPACES =
    '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
  test('only whitespace that is not one space is replaced', () => {
    const punctuation = /[!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]/g;
    const spaces = fc.constantFrom(' ', '  ', ' \t', '\x1c ', '\x85', '\u2028\u3000', '\ufeff');
    fc.assert(
      fc.property(fc.array(fc.oneof(text, spaces)), (parts) => {
        const t = parts.join('');
        const plain = strip(t.replace(punctuation, '').replace(new RegExp(`${SPACES}+`, 'g'), ' '));
        expect(canonicalize(t)).toBe(plain);
      }),
    );
  });
  test('ASCII behind the marker is lower-cased at once', () => {
    // "É" in front is not ASCII, so that the table is asked.
    const oneByOne = (t: string) =>
      Array.from(t, (char) => lowerCase(`É${char}`, null).slice(1)).join('');
    fc.assert(
      fc.property(fc.constantFrom('', '▁', '▁▁'), text, (marker, t) => {
        expect(lowerCase(marker + t, null)).toBe(oneByOne(marker + t));
      }),
    );
  });
});

describe('ids without tokens between', () => {
  /** Pieces whose text is another token's, or none's. */
  const traps = (): SiglipTokenizerInit => {
    const made = emptyModel();
    const add = (type: PieceType, ...pieces: string[]) =>
      pieces.forEach((piece) => made.pieces.push({ piece, score: -2, type }));
    add(PieceType.UNKNOWN, '<unk>');
    add(PieceType.CONTROL, '</s>', 'the', 'é');
    add(PieceType.NORMAL, '▁', 'the', '▁cat', '▁the', 'a', 't', 'c', '▁a', 'u', 'n', 'k');
    add(PieceType.UNUSED, 'éé', 'photo');
    return {
      vocab_file: writeModel(made),
      added_tokens_decoder: { 4: { content: '▁the' }, 77: { content: 'u' } },
      additional_special_tokens: ['▁cat', 'ca'],
      warn: () => {},
    };
  };
  const word = fc.constantFrom(
    'the',
    'cat',
    'é',
    'éé',
    ' ',
    'photo',
    'u',
    'THE',
    '</S>',
    'ca',
    '½',
  );
  const trapTexts = fc.array(word, { maxLength: 8 }).map((words) => words.join(''));

  test.each<[string, SiglipTokenizerInit, fc.Arbitrary<string>]>([
    ['plain', { vocab_file: model('plain'), warn: () => {} }, text],
    ['byte-fallback', { vocab_file: model('byte-fallback'), warn: () => {} }, text],
    ['user-defined', { vocab_file: model('user-defined'), warn: () => {} }, text],
    ['traps', traps(), trapTexts],
  ])('are those of the tokens (%s)', (_, init, texts) => {
    const tok = new SiglipTokenizer(init);
    fc.assert(
      fc.property(texts, fc.boolean(), (t, split_special_tokens) => {
        const tokens = tok.tokenize(t, { split_special_tokens });
        expect(tok.text_to_ids(t, { split_special_tokens })).toEqual(
          tok.convert_tokens_to_ids(tokens),
        );
      }),
    );
  });
  test('follow tokens that are added later', () => {
    const tok = new SiglipTokenizer(traps());
    const ids = () => tok.text_to_ids('cthe', { split_special_tokens: true });
    expect(ids()).toEqual([4, 10, 2]); // ▁, c and the
    tok.add_tokens(['the']); // under the later of the two ids
    expect(ids()).toEqual([4, 10, 5]);
  });
  test('a subclass that tokenizes or counts otherwise is heard', () => {
    class Words extends SiglipTokenizer {
      override tokenize(t: string): string[] {
        return t.split(' ');
      }
    }
    class Numbers extends SiglipTokenizer {
      override convert_tokens_to_ids(tokens: unknown): never {
        return (Array.isArray(tokens) ? tokens.map(() => 7) : 7) as never;
      }
    }
    expect(new Words(traps()).encode('a the zebra')).toEqual([8, 2, 0, 1]);
    const tok = new Numbers(traps());
    expect(tok.text_to_ids('a cat')).toEqual(tok.tokenize('a cat').map(() => 7));
  });
});
