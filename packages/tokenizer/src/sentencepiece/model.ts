// The contents of a spiece.model file (sentencepiece's ModelProto): pieces with scores, and two
// specs. Reads and writes what tokenizing needs; the trainer's other settings are dropped.
import { isUtf8, utf8Decode, utf8Encode } from '../text/utf8.ts';
import { MessageWriter, readFields, Wire } from './protobuf.ts';

/** ModelProto.SentencePiece.Type, by its numbers in the file. */
export const PieceType = {
  /** A piece that is cut out of texts. */
  NORMAL: 1,
  /** The one for what is not in the vocabulary. */
  UNKNOWN: 2,
  /** One that is never cut out of a text: `</s>`, `<pad>`. */
  CONTROL: 3,
  /** One that is always cut out whole. */
  USER_DEFINED: 4,
  /** One that is not used any more. */
  UNUSED: 5,
  /** One of the 256 bytes, `<0x00>` to `<0xFF>`, for what is not in the vocabulary. */
  BYTE: 6,
} as const;
export type PieceType = (typeof PieceType)[keyof typeof PieceType];
/** One of the numbers of PieceType. */

/** A piece of the vocabulary; its id is its place. */
export interface Piece {
  /** Its text, with "▁" for spaces. */
  piece: string;
  /** Natural log of a probability, a float32. */
  score: number;
  /** What kind of piece it is. */
  type: PieceType;
}

/** What happens to a text before it is cut. sentencepiece's NormalizerSpec. */
export interface NormalizerSpec {
  /** The compiled table of replacements; empty for none. */
  precompiled_charsmap: Uint8Array;
  /** Puts a space before the text. */
  add_dummy_prefix: boolean;
  /** Takes leading, trailing and repeated spaces out. */
  remove_extra_whitespaces: boolean;
  /** Writes spaces as "▁". */
  escape_whitespaces: boolean;
}

/** What tokenizing needs of sentencepiece's TrainerSpec. */
export interface TrainerSpec {
  /** 1 is unigram, the only kind that is cut here. */
  model_type: number;
  /** The space belongs to the word before it, not to the one after. */
  treat_whitespace_as_suffix: boolean;
  /** Unknown characters become byte pieces. */
  byte_fallback: boolean;
  /** What the unknown piece decodes to. */
  unk_surface: string;
  /** The unknown piece. */
  unk_piece: string;
  /** The piece that begins a text. */
  bos_piece: string;
  /** The piece that ends a text. */
  eos_piece: string;
  /** The piece that fills texts up to one length. */
  pad_piece: string;
}

/** The contents of a spiece.model. sentencepiece's ModelProto. */
export interface SentencePieceModel {
  /** By id. */
  pieces: Piece[];
  /** How the model was trained, as far as it matters here. */
  trainer_spec: TrainerSpec;
  /** What happens to a text before it is cut. */
  normalizer_spec: NormalizerSpec;
  /** Applied to decoded text; null where the file has none. */
  denormalizer_spec: NormalizerSpec | null;
}

const MODEL_TYPES = ['', 'unigram', 'BPE', 'word', 'char'];
const UNIGRAM = 1;

type Names<T, V> = { [K in keyof T]: T[K] extends V ? K : never }[keyof T];

// Field numbers of sentencepiece_model.proto.
const TRAINER_BOOLS: Record<number, Names<TrainerSpec, boolean>> = {
  24: 'treat_whitespace_as_suffix',
  35: 'byte_fallback',
};
const TRAINER_STRINGS: Record<number, Names<TrainerSpec, string>> = {
  44: 'unk_surface',
  45: 'unk_piece',
  46: 'bos_piece',
  47: 'eos_piece',
  48: 'pad_piece',
};
const NORMALIZER_BOOLS: Record<number, Names<NormalizerSpec, boolean>> = {
  3: 'add_dummy_prefix',
  4: 'remove_extra_whitespaces',
  5: 'escape_whitespaces',
};

const normalizerDefaults = (): NormalizerSpec => ({
  precompiled_charsmap: new Uint8Array(0),
  add_dummy_prefix: true,
  remove_extra_whitespaces: true,
  escape_whitespaces: true,
});

/** A model without pieces and with sentencepiece's defaults, to be filled and written. */
export function emptyModel(): SentencePieceModel {
  return {
    pieces: [],
    trainer_spec: {
      model_type: UNIGRAM,
      treat_whitespace_as_suffix: false,
      byte_fallback: false,
      unk_surface: ' \u2047 ',
      unk_piece: '<unk>',
      bos_piece: '<s>',
      eos_piece: '</s>',
      pad_piece: '<pad>',
    },
    normalizer_spec: normalizerDefaults(),
    denormalizer_spec: null,
  };
}

/**
 * Parses a spiece.model.
 *
 * Throws an Error for bytes that are not a model or whose model type is not unigram. As in
 * protobuf, a field of an unexpected wire type is skipped and a message that comes twice is merged.
 */
export function readModel(bytes: Uint8Array): SentencePieceModel {
  const model = emptyModel();
  readFields(bytes, (field, wire, _, part) => {
    if (wire !== Wire.BYTES) return;
    if (field === 1) model.pieces.push(readPiece(part, model.pieces.length));
    if (field === 2) readTrainer(part, model.trainer_spec);
    if (field === 3) readNormalizer(part, model.normalizer_spec);
    if (field === 5) readNormalizer(part, (model.denormalizer_spec ??= normalizerDefaults()));
  });
  if (model.pieces.length === 0) throw new Error('spiece.model: the file holds no pieces');
  const type = model.trainer_spec.model_type;
  if (type !== UNIGRAM)
    throw new Error(
      `spiece.model: model type ${MODEL_TYPES[type] ?? type}, only unigram is supported`,
    );
  return model;
}

function readPiece(bytes: Uint8Array, id: number): Piece {
  const out: Piece = { piece: '', score: 0, type: PieceType.NORMAL };
  readFields(bytes, (field, wire, value, part) => {
    if (field === 1 && wire === Wire.BYTES) out.piece = string(part, `piece ${id}`);
    if (field === 2 && wire === Wire.FIXED32) out.score = value;
    if (field === 3 && wire === Wire.VARINT && value >= 1 && value <= 6)
      out.type = value as PieceType;
  });
  return out;
}

function readTrainer(bytes: Uint8Array, spec: TrainerSpec): void {
  readFields(bytes, (field, wire, value, part) => {
    if (wire === Wire.VARINT && field === 3) spec.model_type = value;
    const flag = TRAINER_BOOLS[field];
    if (wire === Wire.VARINT && flag) spec[flag] = value !== 0;
    const name = TRAINER_STRINGS[field];
    if (wire === Wire.BYTES && name) spec[name] = string(part, name);
  });
}

function readNormalizer(bytes: Uint8Array, spec: NormalizerSpec): void {
  readFields(bytes, (field, wire, value, part) => {
    if (wire === Wire.BYTES && field === 2) spec.precompiled_charsmap = part;
    const flag = NORMALIZER_BOOLS[field];
    if (wire === Wire.VARINT && flag) spec[flag] = value !== 0;
  });
}

function string(bytes: Uint8Array, what: string): string {
  if (!isUtf8(bytes)) throw new Error(`spiece.model: ${what} is not valid UTF-8`);
  return utf8Decode(bytes);
}

/** The bytes of a spiece.model that `readModel` reads back as the same model. */
export function writeModel(model: SentencePieceModel): Uint8Array {
  const out = new MessageWriter();
  for (const { piece, score, type } of model.pieces) {
    const part = new MessageWriter();
    part.bytes(1, utf8Encode(piece));
    part.float(2, score);
    part.integer(3, type);
    out.bytes(1, part.finish());
  }
  const trainer = new MessageWriter();
  trainer.integer(3, model.trainer_spec.model_type);
  for (const [field, name] of Object.entries(TRAINER_BOOLS))
    trainer.integer(Number(field), Number(model.trainer_spec[name]));
  for (const [field, name] of Object.entries(TRAINER_STRINGS))
    trainer.bytes(Number(field), utf8Encode(model.trainer_spec[name]));
  out.bytes(2, trainer.finish());
  out.bytes(3, normalizerBytes(model.normalizer_spec));
  if (model.denormalizer_spec) out.bytes(5, normalizerBytes(model.denormalizer_spec));
  return out.finish();
}

function normalizerBytes(spec: NormalizerSpec): Uint8Array {
  const out = new MessageWriter();
  out.bytes(2, spec.precompiled_charsmap);
  for (const [field, name] of Object.entries(NORMALIZER_BOOLS))
    out.integer(Number(field), Number(spec[name]));
  return out.finish();
}
