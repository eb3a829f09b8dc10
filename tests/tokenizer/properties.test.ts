// Laws that hold for every text: round trips, the best segmentation, padding and truncation.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  emptyModel,
  type Piece,
  PieceType,
  readModel,
  SentencePiece,
  SiglipTokenizer,
  writeModel,
} from '@siglip-ts/tokenizer';
import { canonicalize, lowerCase, strip } from '../../packages/tokenizer/src/text/canonicalize.ts';
import { isUtf8, utf8Decode, utf8Encode } from '../../packages/tokenizer/src/text/utf8.ts';
import { TokenTrie } from '../../packages/tokenizer/src/tokens/added-tokens.ts';
import { golden, model, sha256, type Texts } from './goldens.ts';

/** Any well-formed text, with spaces and special tokens more often than by chance. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(' ', '  ', '</s>', '<UNK>', 'cat', '\n', 'É'),
    ),
  )
  .map((parts) => parts.join(''));
const tok = new SiglipTokenizer({ vocab_file: model('plain'), warn: () => {} });

describe('UTF-8', () => {
  test('as the platform encodes and decodes it, lone surrogates included', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('', '\ud800', '\udfffx'),
        (a, b) => {
          const bytes = new TextEncoder().encode(a + b + a);
          expect(utf8Encode(a + b + a)).toEqual(bytes);
          expect(utf8Decode(bytes)).toBe(
            new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
          );
        },
      ),
    );
  });
  test('a broken byte is one U+FFFD', () => {
    expect(utf8Decode(Uint8Array.from([0x61, 0xe2, 0x96, 0x62, 0xff]))).toBe(
      'a\ufffd\ufffdb\ufffd',
    );
    for (const bad of [
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xe0, 0x80, 0x80],
      [0xc3],
    ])
      expect(isUtf8(Uint8Array.from(bad))).toBe(false);
  });
});

describe('SentencePiece', () => {
  test('with byte fallback nothing is lost but extra spaces', () => {
    const sp = SentencePiece.fromBytes(model('byte-fallback'));
    fc.assert(
      fc.property(anyText, (text) => {
        const { pieces, ids } = sp.encode(text.replaceAll('▁', '_'));
        const tidy = text.replaceAll('▁', '_').replace(/ +/g, ' ').replace(/^ | $/g, '');
        expect([sp.decodeIds(ids), sp.decodePieces(pieces)]).toEqual([tidy, tidy]);
      }),
    );
  });
  test('the pieces joined are the normalised text', () => {
    for (const name of ['plain', 'user-defined', 'casefold', 'no-prefix']) {
      const sp = SentencePiece.fromBytes(model(name));
      fc.assert(
        fc.property(anyText, (text) => sp.encodeAsPieces(text).join('') === sp.normalize(text)),
      );
    }
  });
  test('normalising what is normalised changes nothing', () => {
    const identity = SentencePiece.fromBytes(model('no-prefix'));
    fc.assert(fc.property(anyText, (text) => again(identity, text)));
    // NFKC by longest rule falls short of Unicode's where marks reorder, as U+0344 does.
    const nfkc = SentencePiece.fromBytes(model('plain'));
    const texts = golden<Texts>('texts').texts.filter((text) => !text.includes('\u0344'));
    expect(texts.filter((text) => !again(nfkc, text))).toEqual([]);
  });
  const again = (sp: SentencePiece, text: string) =>
    sp.normalize(sp.normalize(text)) === sp.normalize(text);

  test('a lone surrogate counts as U+FFFD', () => {
    const sp = SentencePiece.fromBytes(model('byte-fallback'));
    for (const lone of ['\ud800', '\udc00', 'a\ud83d', '\udc00b'])
      expect(sp.encodeAsIds(lone)).toEqual(
        sp.encodeAsIds(lone.replace(/[\ud800-\udfff]/g, '\ufffd')),
      );
  });
});

describe('Viterbi', () => {
  /** Scores of quarters, which float32 adds without rounding. */
  const score = fc.integer({ min: -80, max: -1 }).map((n) => n / 4);
  const vocabulary = fc.dictionary(fc.stringMatching(/^[ab猫]{1,4}$/), score, {
    minKeys: 1,
    maxKeys: 9,
  });

  const build = (scores: Record<string, number>) => {
    const pieces: Piece[] = [{ piece: '<unk>', score: 0, type: PieceType.UNKNOWN }];
    for (const [piece, score] of Object.entries(scores))
      pieces.push({ piece, score, type: PieceType.NORMAL });
    const made = { ...emptyModel(), pieces };
    made.normalizer_spec.add_dummy_prefix = false;
    return writeModel(made);
  };
  /**
   * The best sum over all ways to cut; a character without a piece of its own may stand for
   * unknown.
   */
  const best = (text: string, scores: Record<string, number>): number => {
    const unknown = Math.min(...Object.values(scores)) - 10;
    const from = [0];
    for (let end = 1; end <= text.length; end++) {
      from[end] = -Infinity;
      for (let begin = 0; begin < end; begin++) {
        const piece = text.slice(begin, end);
        const value = scores[piece] ?? (end - begin === 1 ? unknown : -Infinity);
        from[end] = Math.max(from[end]!, from[begin]! + value);
      }
    }
    return from[text.length]!;
  };

  test.each(['float32', 'float64'] as const)('finds the best sum of scores (%s)', (scoring) => {
    fc.assert(
      fc.property(vocabulary, fc.stringMatching(/^[abc猫]{0,12}$/), (scores, text) => {
        const sp = SentencePiece.fromBytes(build(scores), { scoring });
        const unknown = Math.min(...Object.values(scores)) - 10;
        const sum = sp.encodeAsPieces(text).reduce(
          // Unknown neighbours come as one piece, so they count for their length.
          (total, piece) => total + (scores[piece] ?? unknown * piece.length),
          0,
        );
        expect(sum).toBe(best(text, scores));
      }),
    );
  });
});

describe('model files', () => {
  test.each(['plain', 'byte-fallback', 'user-defined', 'no-prefix', 'casefold'])(
    '%s is the same after writing and reading',
    (name) => {
      const file = writeModel(readModel(model(name)));
      const { normalizer_spec, ...rest } = readModel(file);
      const { normalizer_spec: wanted, ...expected } = readModel(model(name));
      expect(rest).toEqual(expected);
      // Not toEqual, which takes seconds for these bytes.
      expect(sha256(normalizer_spec.precompiled_charsmap)).toBe(
        sha256(wanted.precompiled_charsmap),
      );
      expect({ ...normalizer_spec, precompiled_charsmap: 0 }).toEqual({
        ...wanted,
        precompiled_charsmap: 0,
      });
    },
  );
});

describe('text before SentencePiece', () => {
  test('lower case goes code point by code point', () => {
    expect(lowerCase('ΟΔΟΣ İẞ 𐐀Ǆ', null)).toBe('οδοσ i\u0307ß 𐐨ǆ');
    expect(lowerCase('A</S>B</s>C', /<\/s>/g)).toBe('a</s>b</s>c');
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary-ascii' }),
        (text) => lowerCase(text, null) === text.toLowerCase(),
      ),
    );
  });
  test("whitespace is Python's, punctuation ASCII's", () => {
    expect(canonicalize('  a\x1c\x85\u3000b\ufeff, “c”!  ')).toBe('a b\ufeff “c”');
    expect(strip('\x1fa\u200b\x85')).toBe('a\u200b');
  });
  test('a text cut at added tokens is whole again when joined', () => {
    const word = fc.stringMatching(/^[ab]{1,4}$/);
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 5 }),
        fc.stringMatching(/^[abc]{0,30}$/),
        (words, text) => {
          const trie = new TokenTrie();
          for (const w of words) trie.add(w);
          expect(trie.split(text).join('')).toBe(text);
        },
      ),
    );
  });
});

describe('SiglipTokenizer', () => {
  const encode = (text: string) => tok.encode(text, null, { add_special_tokens: false });

  test('encode is tokenize, then ids, then eos', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const ids = tok.convert_tokens_to_ids(tok.tokenize(text));
        expect(encode(text)).toEqual(ids);
        expect(tok.encode(text)).toEqual(tok.build_inputs_with_special_tokens(ids));
      }),
    );
  });
  test('truncation keeps the first ids and eos', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 12 }), (text, max_length) => {
        const ids = encode(text);
        const cut = tok.encode(text, null, { truncation: true, max_length });
        expect(cut.length).toBeLessThanOrEqual(max_length);
        if (ids.length >= max_length && ids[max_length - 2] !== 2)
          expect(cut).toEqual([...ids.slice(0, max_length - 1), 2]);
      }),
    );
  });
  test('padding adds eos on its side and zeros to the mask', () => {
    fc.assert(
      fc.property(
        fc.array(anyText, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('left', 'right'),
        (texts, side) => {
          const bare = tok.call(texts).input_ids;
          const { input_ids, attention_mask } = tok.call(texts, null, {
            padding: true,
            padding_side: side,
          });
          const longest = Math.max(...bare.map((row) => row.length));
          input_ids.forEach((row, i) => {
            const kept = row.filter((_, t) => attention_mask![i]![t] === 1);
            expect([row.length, kept]).toEqual([longest, bare[i]]);
            const edge =
              side === 'right' ? row.slice(kept.length) : row.slice(0, longest - kept.length);
            expect(edge.every((id) => id === tok.pad_token_id)).toBe(true);
          });
        },
      ),
    );
  });
});
