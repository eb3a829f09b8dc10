// The tokens of a tokenizer.json with its added ones, and which of them are special or have a role. Does not cut texts.
import { addedToken } from '../tokens/added-tokens.ts';
import { type Role, ROLES, textOf, type Token } from '../tokens/special-tokens.ts';
import type { Added } from './added-tokens.ts';
import { type Json, object } from './checks.ts';
import type { Rules } from './kinds.ts';
import { lowercase } from './normalizers.ts';
import { escaped } from './patterns.ts';
import { type TokenIds, tokensOf } from './token-ids.ts';
import { addedOf, type TokenizerJson } from './tokenizer-json.ts';

export class TokenTable {
  /** What is found in a text before the model sees it. */
  readonly added: readonly Added[];
  /** What `skip_special_tokens` leaves out. */
  readonly specials: ReadonlySet<string>;
  readonly #ids: TokenIds;
  readonly #tokenOf: (id: number) => string | undefined;
  /** Ids of added tokens that the vocabulary lacks; and which these are, by id. */
  readonly #more: ReadonlyMap<string, number>;
  readonly #moreTokens: ReadonlyMap<number, string>;
  readonly #roles = new Map<Role, string>();
  readonly #anyAdded: RegExp;

  /**
   * `named`: tokenizer_config.json's fields, of which those count that name tokens; `decoder`: its added_tokens_decoder.
   * Throws an Error for a role whose token is none.
   */
  constructor({ model, added }: TokenizerJson, rules: Rules, named: object, decoder: unknown) {
    const { rebuilt, specials } = rules;
    const all = new Map<string, Added>();
    const put = (token: Added): void => {
      // The vocabulary's id goes before what is said here.
      all.set(token.content, { ...token, id: model.ids.get(token.content) ?? token.id });
    };
    if (!rebuilt || !decoder) added.forEach(put);
    const entries = Object.entries(object(decoder ?? {}, 'added_tokens_decoder'));
    for (const [id, token] of entries) put(addedOf(token, id));

    const special = (text: string, role: string): string => {
      const known = all.get(text);
      const id = known?.id ?? model.ids.get(text);
      if (id === undefined)
        throw new Error(`${role} ${JSON.stringify(text)}: expected a token of tokenizer.json`);
      if (!known) put({ ...addedToken({ content: text, special: true }), id });
      else if (rebuilt) put({ ...known, special: true });
      return text;
    };
    const fields = named as Json;
    for (const role of ROLES)
      if (fields[role] != null) this.#roles.set(role, special(textOf(fields[role] as Token), role));
    for (const token of specials) if (model.ids.has(token)) special(token, 'special token');
    for (const name of ['additional_special_tokens', 'extra_special_tokens'])
      for (const token of Object.values((fields[name] ?? {}) as Record<string, Token>))
        special(textOf(token), name);

    this.added = [...all.values()];
    const more = this.added.filter(({ content }) => !model.ids.has(content));
    this.#ids = model.ids;
    this.#tokenOf = tokensOf(model.ids);
    this.#more = new Map(more.map(({ content, id }) => [content, id]));
    this.#moreTokens = new Map(more.map(({ content, id }) => [id, content]));
    this.specials = new Set(this.added.filter((t) => t.special).map((t) => t.content));
    const longestFirst = [...all.keys()].sort((a, b) => b.length - a.length);
    this.#anyAdded = new RegExp(`(${longestFirst.map(escaped).join('|')})`);
  }

  /** The number of different tokens. */
  get size(): number {
    return this.#ids.size + this.#more.size;
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token) ?? this.#more.get(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#moreTokens.get(id) ?? this.#tokenOf(id);
  }

  /** Ids by token. */
  all(): Map<string, number> {
    return new Map([...this.#ids, ...this.#more]);
  }

  role(role: Role): string | null {
    return this.#roles.get(role) ?? null;
  }

  roleId(role: Role): number | null {
    return this.idOf(this.role(role) ?? '') ?? null;
  }

  /** The text in lower case but for added tokens. */
  lowered(text: string): string {
    if (this.added.length === 0) return lowercase(text);
    return text
      .split(this.#anyAdded)
      .map((part, i) => (i % 2 === 1 ? part : lowercase(part)))
      .join('');
  }
}
