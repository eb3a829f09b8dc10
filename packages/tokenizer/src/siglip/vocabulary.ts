// All tokens of a tokenizer: the SentencePiece pieces, the added tokens beside or over them, and
// the special roles. Knows ids and flags and finds added tokens in a text; segments and decodes
// nothing.
import type { Part, SentencePiece } from '../sentencepiece/sentencepiece.ts';
import { type AddedToken, addedToken, applyFlags, TokenTrie } from '../tokens/added-tokens.ts';
import { checkRole, type TokenInit, toToken } from '../tokens/init.ts';
import {
  type Role,
  ROLES,
  type Roles,
  SpecialTokens,
  textOf,
  type Token,
} from '../tokens/special-tokens.ts';

/** What follows from the special and added tokens. */
interface Derived {
  readonly specials: ReadonlySet<string>;
  readonly special_ids: ReadonlySet<number>;
  /** Matches what lower-casing leaves alone. */
  readonly keep: RegExp | null;
  /** The unknown token, which texts are put behind, and how many parts it makes itself. */
  readonly shield: { readonly text: string; readonly parts: number };
}

/** The vocabulary half of transformers' PreTrainedTokenizer. */
export class Vocabulary {
  readonly special = new SpecialTokens();
  readonly pieces: SentencePiece;
  readonly #added = new Map<number, AddedToken>();
  readonly #ids = new Map<string, number>();
  readonly #trie = new TokenTrie();
  #size: number | null = null;
  #derived: Derived | null = null;
  #pieceIds: Int32Array | null = null;

  constructor(pieces: SentencePiece) {
    this.pieces = pieces;
  }

  /** The number of different tokens. */
  get size(): number {
    return (this.#size ??= this.all().size);
  }

  get derived(): Derived {
    return (this.#derived ??= this.#derive());
  }

  /** To be called after `special` has changed. */
  changed(): void {
    this.#derived = null;
  }

  #derive(): Derived {
    const texts = this.special.all().map(textOf);
    const specials = new Set(texts);
    for (const token of this.#added.values())
      if (!token.special && token.normalized) texts.push(token.content);
    const pattern = texts
      .filter((text) => text !== '')
      .map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
      .join('|');
    const unk = ifSet(this.special.get('unk_token'), textOf) ?? '';
    return {
      shield: { text: unk, parts: this.pieces.segment(unk).length },
      specials,
      special_ids: new Set([...specials].map((text) => this.idOf(text))),
      keep: pattern === '' ? null : new RegExp(pattern, 'g'),
    };
  }

  /** The unknown piece's id for a text that is no token. */
  idOf(text: string): number {
    return this.#ids.get(text) ?? this.pieces.pieceToId(text);
  }

  /** Throws a RangeError for an id that has no token. */
  tokenOf(id: number): string {
    return this.#added.get(id)?.content ?? this.pieces.idToPiece(id);
  }

  /** The id of each piece as a token: another than the piece's where a token has its text. */
  get pieceIds(): Int32Array {
    const idOf = (_: unknown, id: number): number => this.idOf(this.pieces.idToPiece(id));
    return (this.#pieceIds ??= Int32Array.from({ length: this.pieces.vocabSize }, idOf));
  }

  /** The text of a part of a cut text. */
  textOf(part: Part): string {
    return typeof part === 'number' ? this.pieces.idToPiece(part) : part;
  }

  isAdded(text: string): boolean {
    return this.#ids.has(text);
  }

  /** Ids by added token, in the order they were added. */
  addedIds(): Map<string, number> {
    return new Map(this.#ids);
  }

  /** Added tokens by ascending id. */
  added(): Map<number, AddedToken> {
    const sorted = [...this.#added].sort(([a], [b]) => a - b);
    return new Map(sorted.map(([id, token]) => [id, { ...token }]));
  }

  /** Ids by token: pieces first, then what was added. */
  all(): Map<string, number> {
    const vocab = new Map<string, number>();
    for (let id = 0; id < this.pieces.vocabSize; id++) vocab.set(this.tokenOf(id), id);
    for (const [id, token] of this.added()) vocab.set(token.content, id);
    return vocab;
  }

  /** Sets the token of an id. */
  register(id: number, token: AddedToken): void {
    this.#added.set(id, token);
    this.#ids.set(token.content, id);
    this.#trie.add(token.content);
    this.#derived = null;
    this.#pieceIds = null;
    this.#size = null;
  }

  /**
   * Adds tokens, those that are no piece under ids from `size` on; returns how many those were.
   * `special`: all of them are. transformers' _add_tokens.
   */
  add(tokens: readonly Token[], special: boolean, lowerCases: boolean): number {
    const vocab = this.all();
    const first = vocab.size;
    let count = 0;
    for (const given of tokens) {
      if (textOf(given) === '' || (typeof given === 'string' && this.#ids.has(given))) continue;
      const token = this.#asAdded(given, special);
      // Whole-text lower case, unlike that of texts: here a final sigma does become "ς".
      if (!token.special && token.normalized && lowerCases)
        token.content = token.content.toLowerCase();
      let id = vocab.get(token.content);
      if (id === undefined) vocab.set(token.content, (id = first + count++));
      if (token.special && !this.derived.specials.has(token.content))
        this.special.additional.push(token);
      this.register(id, token);
    }
    return count;
  }

  /**
   * Gives roles to tokens and adds them; returns how many were new. `replace`: the additional
   * special tokens are no longer special, yet stay in the vocabulary. transformers'
   * add_special_tokens.
   */
  assign(roles: Record<string, unknown>, replace: boolean, lowerCases: boolean): number {
    const toAdd = (token: TokenInit): AddedToken =>
      addedToken(typeof token === 'string' ? { content: token, special: true } : token);
    const added: AddedToken[] = [];
    for (const [role, value] of Object.entries(roles)) {
      if (role === 'additional_special_tokens') {
        const old = replace ? [] : this.special.additional.map(textOf);
        const list = (value as TokenInit[]).map(toAdd).filter((t) => !old.includes(t.content));
        if (replace && list.length > 0) this.special.additional = [];
        for (const token of list) {
          this.special.additional.push(token);
          added.push(token);
        }
      } else {
        checkRole(role, value);
        const token = toAdd(value as TokenInit);
        this.special.set(role, token);
        added.push(token);
      }
      this.changed();
    }
    return this.add(added, true, lowerCases);
  }

  /** Flags an AddedToken in place, because the special roles hold the same object. */
  #asAdded(token: Token, special: boolean): AddedToken {
    if (typeof token === 'string')
      return addedToken({ content: token, special: special || this.derived.specials.has(token) });
    if (special) token.special = true;
    return token;
  }

  /** Roles beyond the usual ones, by name; their tokens are not added. */
  addRoles(roles: Record<string, TokenInit>): void {
    for (const [role, token] of Object.entries(roles)) this.special.setExtra(role, toToken(token));
    this.changed();
  }

  /**
   * Cuts a text at the added tokens and applies their flags; null where it holds none. Parts may be
   * empty.
   */
  split(text: string): string[] | null {
    if (!this.#trie.occursIn(text)) return null;
    const parts = this.#trie.split(text);
    applyFlags(parts, (part) => {
      const id = this.#ids.get(part);
      return id === undefined ? undefined : this.#added.get(id);
    });
    return parts;
  }
}

/** A property for each role's token and one for its id; null where the role is not filled. */
export interface RoleAccessors extends Roles<string | null> {
  /** The id of `bos_token`. */
  bos_token_id: number | null;
  /** The id of `eos_token`. */
  eos_token_id: number | null;
  /** The id of `unk_token`. */
  unk_token_id: number | null;
  /** The id of `sep_token`. */
  sep_token_id: number | null;
  /** The id of `pad_token`. */
  pad_token_id: number | null;
  /** The id of `cls_token`. */
  cls_token_id: number | null;
  /** The id of `mask_token`. */
  mask_token_id: number | null;
}

/** Applies `f` to what is not null. */
export function ifSet<T, U>(value: T | null, f: (value: T) => U): U | null {
  return value === null ? null : f(value);
}

/**
 * Defines those properties. Setting an id gives the role to the token that has it; nothing is
 * added.
 */
export function defineRoles(target: object, vocabulary: Vocabulary): void {
  const { special } = vocabulary;
  const assign = (role: Role, token: TokenInit | null): void => {
    if (token !== null && typeof token !== 'string' && typeof token.content !== 'string')
      throw new Error(`Cannot set a non-string value as the ${role}`);
    special.set(role, ifSet(token, toToken));
    vocabulary.changed();
  };
  for (const role of ROLES) {
    Object.defineProperty(target, role, {
      get: () => ifSet(special.get(role), textOf),
      set: (token: TokenInit | null) => assign(role, token),
    });
    Object.defineProperty(target, `${role}_id`, {
      get: () => ifSet(special.get(role), (token) => vocabulary.idOf(textOf(token))),
      set: (id: number | null) =>
        assign(
          role,
          ifSet(id, (i) => vocabulary.tokenOf(i)),
        ),
    });
  }
}
