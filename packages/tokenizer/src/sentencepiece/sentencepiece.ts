// A SentencePiece unigram model: text to pieces and ids, and back. Knows nothing of HF, special
// tokens or eos.
import { utf8Decode, utf8Encode, utf8Into } from '../text/utf8.ts';
import { type Piece, PieceType, readModel, type SentencePieceModel } from './model.ts';
import { Normalizer } from './normalizer.ts';
import { type Scoring, Unigram } from './unigram.ts';

/** The id of a piece, or the text of what is none: an added token, or unknown text. */
export type Part = number | string;

/** What is chosen beside the file. */
export interface SentencePieceOptions {
  /** Overrides the file's `normalizer_spec.add_dummy_prefix`, as SiglipTokenizer does. */
  add_dummy_prefix?: boolean | undefined;
  /** Which sentencepiece's arithmetic decides exact ties; default that of today's, `float32`. */
  scoring?: Scoring | undefined;
}

/** How a text is cut. */
export interface Pieces {
  /** Their texts, with "▁" for spaces. */
  pieces: string[];
  /** Their ids. */
  ids: number[];
}

/** The library refuses longer pieces. */
const MAX_PIECE_BYTES = 8000;
const BYTE_PIECES = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
);

/** SentencePieceProcessor of sentencepiece 0.2.3, for unigram models. */
export class SentencePiece {
  readonly #model: SentencePieceModel;
  readonly #ids = new Map<string, number>();
  readonly #normalizer: Normalizer;
  readonly #denormalizer: Normalizer | null = null;
  readonly #unigram: Unigram;
  /** The id of the piece of type UNKNOWN, or -1. */
  readonly #unk: number;
  /** The ids of the 256 byte pieces; null without byte fallback. */
  readonly #byteIds: readonly number[] | null;
  #scratch = new Uint8Array(1024);

  /** Reads a spiece.model. Throws an Error that says what is wrong with it. */
  static fromBytes(bytes: Uint8Array, options: SentencePieceOptions = {}): SentencePiece {
    return new SentencePiece(readModel(bytes), options);
  }

  constructor(model: SentencePieceModel, options: SentencePieceOptions = {}) {
    const { trainer_spec, denormalizer_spec } = model;
    const pieces = trainer_spec.byte_fallback ? model.pieces.map(withoutNul) : model.pieces;
    const normalizer_spec = { ...model.normalizer_spec };
    normalizer_spec.add_dummy_prefix = options.add_dummy_prefix ?? normalizer_spec.add_dummy_prefix;
    this.#model = { ...model, pieces, normalizer_spec };
    this.#unk = checkPieces(this.#model, this.#ids);
    this.#byteIds = trainer_spec.byte_fallback ? BYTE_PIECES.map((p) => this.pieceToId(p)) : null;
    const symbols = pieces.filter(({ type }) => type === PieceType.USER_DEFINED);
    this.#normalizer = new Normalizer(normalizer_spec, {
      spaceAsSuffix: trainer_spec.treat_whitespace_as_suffix,
      symbols: symbols.map(({ piece }) => piece),
    });
    if (denormalizer_spec?.precompiled_charsmap.length)
      this.#denormalizer = new Normalizer(denormalizer_spec);
    this.#unigram = new Unigram(pieces, this.#unk, options.scoring);
  }

  /** The number of pieces. */
  get vocabSize(): number {
    return this.#model.pieces.length;
  }

  /** The id of `<unk>` (or what the trainer named it), or -1. Likewise below. */
  get unkId(): number {
    return this.#idOf(this.#model.trainer_spec.unk_piece || '<unk>', PieceType.UNKNOWN);
  }
  /** The id of the piece that begins a text, or -1. */
  get bosId(): number {
    return this.#idOf(this.#model.trainer_spec.bos_piece || '<s>', PieceType.CONTROL);
  }
  /** The id of the piece that ends a text, or -1. */
  get eosId(): number {
    return this.#idOf(this.#model.trainer_spec.eos_piece || '</s>', PieceType.CONTROL);
  }
  /** The id of the piece that fills texts up, or -1. */
  get padId(): number {
    return this.#idOf(this.#model.trainer_spec.pad_piece || '<pad>', PieceType.CONTROL);
  }

  #idOf(piece: string, type: PieceType): number {
    const id = this.pieceToId(piece);
    return id >= 0 && this.#model.pieces[id]!.type === type ? id : -1;
  }

  /** Throws a RangeError for an id outside the vocabulary. */
  idToPiece(id: number): string {
    return this.#at(id).piece;
  }

  /** The id of the unknown piece for a string that is not in the vocabulary. */
  pieceToId(piece: string): number {
    return this.#ids.get(piece) ?? this.#unk;
  }

  /** The piece's log probability. */
  getScore(id: number): number {
    return this.#at(id).score;
  }
  /** Whether the piece is of type UNKNOWN. Throws RangeError for an id outside the vocabulary; so do the next four. */
  isUnknown(id: number): boolean {
    return this.#at(id).type === PieceType.UNKNOWN;
  }
  /** Whether the piece is of type CONTROL. */
  isControl(id: number): boolean {
    return this.#at(id).type === PieceType.CONTROL;
  }
  /** Whether the piece is of type UNUSED. */
  isUnused(id: number): boolean {
    return this.#at(id).type === PieceType.UNUSED;
  }
  /** Whether the piece is of type BYTE. */
  isByte(id: number): boolean {
    return this.#at(id).type === PieceType.BYTE;
  }
  /** Whether the piece is of type USER_DEFINED. */
  isUserDefined(id: number): boolean {
    return this.#at(id).type === PieceType.USER_DEFINED;
  }

  #at(id: number): Piece {
    const piece = this.#model.pieces[id];
    if (piece === undefined) throw new RangeError('OUT_OF_RANGE: piece id is out of range.');
    return piece;
  }

  /** The text as the segmentation sees it, with "▁" for spaces. */
  normalize(text: string): string {
    return utf8Decode(this.#normalized(text));
  }

  /**
   * Cuts a text into pieces.
   *
   * Neighbouring unknown characters make one piece: their text, under the unknown id. With byte
   * fallback each of their UTF-8 bytes is a piece instead. A lone surrogate counts as U+FFFD.
   */
  encode(text: string): Pieces {
    const parts = this.segment(text);
    return { pieces: parts.map(this.#pieceOf), ids: parts.map(this.#idIn) };
  }

  /** `encode`, the texts of the pieces alone. */
  encodeAsPieces(text: string): string[] {
    return this.segment(text).map(this.#pieceOf);
  }

  /** `encode`, the ids alone. */
  encodeAsIds(text: string): number[] {
    return this.segment(text).map(this.#idIn);
  }

  readonly #pieceOf = (part: number | string): string =>
    typeof part === 'string' ? part : this.idToPiece(part);
  readonly #idIn = (part: number | string): number => (typeof part === 'string' ? this.#unk : part);

  /** `encode` in one list: the ids of pieces, and unknown text as it is. */
  segment(text: string): (number | string)[] {
    const normalized = this.#normalized(text);
    const { ids, starts } = this.#unigram.segment(normalized);
    const parts: (number | string)[] = []; // from the last to the first
    for (let end = normalized.length, begin; end > 0; end = begin) {
      begin = starts[end]!;
      const id = ids[end]!;
      if (id !== this.#unk) parts.push(id);
      else if (this.#byteIds !== null)
        for (let i = end - 1; i >= begin; i--) parts.push(this.#byteIds[normalized[i]!]!);
      else {
        while (begin > 0 && ids[begin] === this.#unk) begin = starts[begin]!;
        parts.push(utf8Decode(normalized, begin, end));
      }
    }
    return parts.reverse();
  }

  #normalized(text: string): Uint8Array {
    const room = text.length * 3;
    const bytes = room > this.#scratch.length ? new Uint8Array(room) : this.#scratch;
    if (room > this.#scratch.length && room <= 1 << 20) this.#scratch = bytes;
    return this.#normalizer.normalize(bytes, utf8Into(text, bytes, 0));
  }

  /** Throws a RangeError for an id outside the vocabulary. */
  decodeIds(ids: readonly number[]): string {
    return this.decodePieces(ids.map((id) => this.idToPiece(id)));
  }

  /**
   * Joins pieces to text: "▁" becomes a space, control pieces vanish, `<unk>` becomes the unknown
   * surface (" ⁇ "), byte pieces are put together to characters and those that form none become
   * U+FFFD.
   */
  decodePieces(pieces: readonly string[]): string {
    const { add_dummy_prefix, remove_extra_whitespaces } = this.#model.normalizer_spec;
    const strips = add_dummy_prefix || remove_extra_whitespaces;
    let text = '';
    let bytes: number[] = [];
    let atStart = strips; // whether a leading "▁" still is to be dropped
    let dropped = false;
    const flush = (): void => {
      if (bytes.length) text += utf8Decode(Uint8Array.from(bytes));
      bytes = [];
    };
    for (const piece of pieces) {
      const id = this.pieceToId(piece);
      if (id >= 0 && this.isByte(id)) {
        bytes.push(BYTE_PIECES.indexOf(piece));
        continue;
      }
      flush();
      if (dropped || text !== '') atStart = false;
      const drops = atStart && piece.startsWith('▁') && !this.#isSilent(id);
      // While extra spaces are removed, every leading "▁" goes; otherwise only the dummy prefix.
      dropped = drops && !remove_extra_whitespaces;
      text += this.#surface(drops ? piece.slice(1) : piece, id);
    }
    flush();
    if (!this.#denormalizer) return text;
    const encoded = utf8Encode(text);
    return utf8Decode(this.#denormalizer.normalize(encoded, encoded.length));
  }

  #isSilent(id: number): boolean {
    return id < 0 || this.isControl(id) || this.isUnknown(id);
  }

  #surface(piece: string, id: number): string {
    if (id >= 0 && this.isControl(id)) return '';
    if (id < 0 || this.isUnknown(id))
      return id >= 0 && piece === this.idToPiece(id) ? this.#model.trainer_spec.unk_surface : piece;
    return piece.replaceAll('▁', ' ');
  }
}

/** Some converters add a raw NUL beside the byte pieces; the library sets it aside. */
function withoutNul(piece: Piece): Piece {
  return piece.piece === '\0' ? { ...piece, type: PieceType.UNUSED } : piece;
}

/**
 * Fills the map from piece to id and returns the unknown piece's id;
 * ModelInterface::InitializePieces.
 */
function checkPieces(
  { pieces, trainer_spec }: SentencePieceModel,
  ids: Map<string, number>,
): number {
  const reserved = new Map<string, number>();
  let unk = -1;
  let bytes = 0;
  let textual = 0;
  const fail = (why: string): never => {
    throw new Error(`spiece.model: ${why}`);
  };
  pieces.forEach(({ piece, type }, id) => {
    if (piece === '') fail(`piece ${id} is empty`);
    if (piece === '\0' && type === PieceType.UNUSED) return;
    if (piece.includes('\0')) fail(`piece ${id} holds a NUL`);
    if (3 * piece.length >= MAX_PIECE_BYTES && utf8Encode(piece).length >= MAX_PIECE_BYTES)
      fail(`piece ${id} has ${MAX_PIECE_BYTES} bytes or more`);
    const isText =
      type === PieceType.NORMAL || type === PieceType.USER_DEFINED || type === PieceType.UNUSED;
    const map = isText ? ids : reserved;
    if (map.has(piece)) fail(`"${piece}" is there twice, as ${map.get(piece)} and ${id}`);
    map.set(piece, id);
    if (isText) textual++;
    if (type === PieceType.UNKNOWN) {
      if (unk >= 0) fail(`two unknown pieces, ${unk} and ${id}`);
      unk = id;
    }
    if (type === PieceType.BYTE) {
      if (!trainer_spec.byte_fallback) fail(`"${piece}" is a byte, but byte_fallback is off`);
      if (!BYTE_PIECES.includes(piece)) fail(`"${piece}" is not a byte piece`);
      bytes++;
    }
  });
  if (textual === 0) fail('no piece stands for text');
  if (unk < 0 && !trainer_spec.byte_fallback) fail('no unknown piece');
  if (trainer_spec.byte_fallback && bytes !== 256) fail(`${bytes} byte pieces, expected 256`);
  for (const [piece, id] of reserved) ids.set(piece, id); // a reserved piece goes before text
  return unk;
}
