// Ids, pieces, normalised and decoded text of every vocabulary against the real sentencepiece and
// transformers.
import { describe, expect, test } from 'vitest';
import { SentencePiece, SiglipTokenizer } from '@siglip-ts/tokenizer';
import {
  differences,
  digest,
  golden,
  model,
  OWN,
  publicModel,
  sha256,
  type Texts,
  tinyModel,
  type VocabularyGolden,
} from './goldens.ts';

const { texts, long } = golden<Texts>('texts');
const vocabularies: [name: string, bytes: Uint8Array | null][] = [
  ...OWN.map((name): [string, Uint8Array] => [name, model(name)]),
  ['siglip-tiny', tinyModel()],
];

for (const [name, bytes] of vocabularies) {
  const reason = bytes ? '' : ' (skipped: no spiece.model of the tiny model here)';
  describe.skipIf(!bytes)(`${name}${reason}`, () => {
    const want = golden<VocabularyGolden>(name);
    const sp = bytes ? SentencePiece.fromBytes(bytes) : (null as never);
    const tok = bytes
      ? new SiglipTokenizer({ vocab_file: bytes, warn: () => {} })
      : (null as never);
    const same = (found: readonly unknown[], expected: readonly unknown[]) =>
      expect(differences(found, expected, texts)).toEqual([]);

    test('is the file the goldens were made with', () => expect(sha256(bytes!)).toBe(want.sha256));
    test('special ids and size', () => {
      expect({ unk: sp.unkId, bos: sp.bosId, eos: sp.eosId, pad: sp.padId }).toEqual(
        want.special_ids,
      );
      expect(sp.vocabSize).toBe(want.vocab_size);
    });
    test('raw ids', () =>
      same(
        texts.map((t) => sp.encodeAsIds(t)),
        want.raw_ids,
      ));
    test('raw pieces', () => {
      same(
        want.raw_pieces.map((_, i) => sp.encodeAsPieces(texts[i]!)),
        want.raw_pieces,
      );
    });
    test('normalised text', () => {
      same(
        want.normalized.map((_, i) => sp.normalize(texts[i]!)),
        want.normalized,
      );
    });
    test('decoded pieces and ids', () => {
      same(
        want.raw_pieces.map((pieces) => sp.decodePieces(pieces)),
        want.decoded_pieces,
      );
      same(
        want.decoded_ids.map((_, i) => sp.decodeIds(want.raw_ids[i]!)),
        want.decoded_ids,
      );
    });
    test('ids of pieces', () => {
      expect(want.piece_ids.map(([piece]) => [piece, sp.pieceToId(piece)])).toEqual(want.piece_ids);
    });
    test('ids of SiglipTokenizer, without and with eos', () => {
      same(
        texts.map((t) => tok.encode(t, null, { add_special_tokens: false })),
        want.ids,
      );
      const eos = tok.eos_token_id!;
      const noEos = new Set(want.no_eos_appended);
      same(
        texts.map((t) => tok.encode(t)),
        want.ids.map((ids, i) => (noEos.has(i) ? ids : [...ids, eos])),
      );
    });
    test('decoded by SiglipTokenizer', () => {
      same(
        want.decoded.map((_, i) => tok.decode(want.ids[i]!)),
        want.decoded,
      );
    });
    test('long texts, past the point where the running score starts again', () => {
      const found = long.map(([unit, n]) => unit.repeat(n));
      expect(found.map((t) => digest(sp.encodeAsIds(t)))).toEqual(want.raw_long);
      expect(found.map((t) => digest(tok.encode(t, null, { add_special_tokens: false })))).toEqual(
        want.long,
      );
    });
  });
}

describe('public vocabularies', () => {
  type Public = Record<string, { sha256: string; raw_ids: number[][]; ids: number[][] }>;
  const { producers: _, seed: __, ...found } = golden<Public>('public');
  for (const [name, want] of Object.entries(found)) {
    const bytes = publicModel(name);
    const reason = bytes ? '' : ' (skipped: ../shared/data/tokenizer is absent)';
    test.skipIf(!bytes)(`${name}${reason}`, () => {
      expect(sha256(bytes!)).toBe(want.sha256);
      const sp = SentencePiece.fromBytes(bytes!);
      const tok = new SiglipTokenizer({ vocab_file: bytes!, warn: () => {} });
      const some = texts.slice(0, want.ids.length);
      expect(
        differences(
          some.map((t) => sp.encodeAsIds(t)),
          want.raw_ids,
          some,
        ),
      ).toEqual([]);
      const ids = some.map((t) => tok.encode(t, null, { add_special_tokens: false }));
      expect(differences(ids, want.ids, some)).toEqual([]);
    });
  }
});

describe("scoring 'float64', that of sentencepiece 0.2.1 and before", () => {
  const rows = golden<Record<string, [text: string, ids: number[]][]>>('float64-scoring');
  test.each(['plain', 'byte-fallback', 'user-defined'])('%s', (name) => {
    const old = SentencePiece.fromBytes(model(name), { scoring: 'float64' });
    const now = SentencePiece.fromBytes(model(name));
    for (const [text, ids] of rows[name]!) {
      expect(old.encodeAsIds(text)).toEqual(ids);
      expect(now.encodeAsIds(text)).not.toEqual(ids);
    }
  });
});
