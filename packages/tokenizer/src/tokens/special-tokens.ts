// Which tokens play the special roles (eos, pad, ...). Knows their texts and flags, not their ids.
import type { AddedToken } from './added-tokens.ts';

/** A special token as it was given: HF keeps strings as strings. */
export type Token = string | AddedToken;

/** HF's names of the roles, in its order. */
export const ROLES = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
] as const;
/** One of ROLES. */
export type Role = (typeof ROLES)[number];

/** Something for each role. SigLIP uses eos, pad and unk; the others are HF's. */
export interface Roles<T> {
  /** Begins a text. */
  bos_token: T;
  /** Ends a text. */
  eos_token: T;
  /** Stands for what is not in the vocabulary. */
  unk_token: T;
  /** Separates two texts. */
  sep_token: T;
  /** Fills texts up to one length. */
  pad_token: T;
  /** Stands for a whole text. */
  cls_token: T;
  /** Hides a token. */
  mask_token: T;
}

/** The text of a token. */
export function textOf(token: Token): string {
  return typeof token === 'string' ? token : token.content;
}

/** transformers' SpecialTokensMixin, without the methods that need a vocabulary. */
export class SpecialTokens {
  readonly #roles = new Map<string, Token | null>(ROLES.map((role) => [role, null]));
  additional: Token[] = [];
  /** Roles that a config adds (`extra_special_tokens`), after the usual ones. */
  readonly #extra = new Map<string, Token>();

  get(role: string): Token | null {
    return this.#roles.get(role) ?? null;
  }

  set(role: string, token: Token | null): void {
    this.#roles.set(role, token);
  }

  setExtra(role: string, token: Token): void {
    this.#extra.set(role, token);
  }

  /** special_tokens_map_extended: the roles that are filled, in HF's order. */
  extended(): Record<string, Token | Token[]> {
    const filled: Record<string, Token | Token[]> = {};
    for (const [role, token] of this.#roles) if (token) filled[role] = token;
    if (this.additional.length > 0) filled['additional_special_tokens'] = this.additional;
    return Object.assign(filled, Object.fromEntries(this.#extra));
  }

  /** special_tokens_map: the same as texts. */
  texts(): Record<string, string | string[]> {
    const entries = Object.entries(this.extended());
    return Object.fromEntries(
      entries.map(([role, token]) => [
        role,
        Array.isArray(token) ? token.map(textOf) : textOf(token),
      ]),
    );
  }

  /** all_special_tokens_extended: each text once, as the first role that has it gives it. */
  all(): Token[] {
    const seen = new Set<string>();
    const tokens: Token[] = [];
    for (const token of Object.values(this.extended())) {
      const fresh = [token].flat().filter((t) => !seen.has(textOf(t)));
      for (const t of fresh) seen.add(textOf(t));
      for (const t of fresh) tokens.push(t); // within one list HF does not look for repetitions
    }
    return tokens;
  }
}
