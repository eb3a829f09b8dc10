// What transformers makes of a tokenizer.json, by the class that is asked for and by its version: the one table of that.
import type { Side } from '../encoding/encoding.ts';
import type { Role } from '../tokens/special-tokens.ts';

/** Whose ids, pixels and scores count: transformers 4.49.0's or 5.24.0's. */
export type Reference = '4.49' | '5';

/** The classes as transformers 5 calls them; in 4.49 they end in Fast, and TokenizersBackend is PreTrainedTokenizerFast. */
export type Kind = 'GemmaTokenizer' | 'Siglip2Tokenizer' | 'SiglipTokenizer' | 'TokenizersBackend';

/** HF's "no maximum". */
export const NO_MAXIMUM = 1e30;

/** Whether transformers 5 wrote a tokenizer_config.json: before, there was no such field, and no such class. */
export const isOf5 = (config: Readonly<Record<string, unknown>>): boolean =>
  config['backend'] !== undefined ||
  Array.isArray(config['extra_special_tokens']) ||
  ['TokenizersBackend', 'Siglip2Tokenizer'].includes(config['tokenizer_class'] as string);

/**
 * By the name in tokenizer_config.json. None named: SigLIP's own, read as the file says. A class that is not known is read so, too,
 * and so is, in 4.49, one that it did not have.
 */
export function kindOf(name: unknown, model: 'BPE' | 'Unigram', reference: Reference): Kind {
  const named = String(name ?? 'SiglipTokenizer').replace(/Fast$/, '');
  if (named === 'SiglipTokenizer') return named;
  const gemma = named === 'GemmaTokenizer' || (named === 'Siglip2Tokenizer' && reference === '5');
  return gemma && model === 'BPE' ? named : 'TokenizersBackend';
}

export interface Rules {
  /** The class makes its own normalizer and decoder, and takes the vocabulary and the post-processor alone. */
  readonly rebuilt: boolean;
  /** The class goes by add_bos_token and add_eos_token, with these defaults, and not by the post-processor. */
  readonly flags: { readonly bos: boolean; readonly eos: boolean } | null;
  /** Roles that tokenizer_config.json need not name. */
  readonly roles: Partial<Record<Role, string>>;
  /** Tokens that the class takes for special, where the vocabulary has them. */
  readonly specials: readonly string[];
  readonly padding_side: Side;
  readonly model_input_names: readonly string[];
  readonly model_max_length: number;
}

const GEMMA = { bos_token: '<bos>', eos_token: '<eos>', unk_token: '<unk>', pad_token: '<pad>' };
const SIGLIP = { eos_token: '</s>', unk_token: '<unk>', pad_token: '</s>' };
const BOTH = ['input_ids', 'attention_mask'];

export function rulesOf(kind: Kind, model: 'BPE' | 'Unigram', reference: Reference): Rules {
  const gemma = kind === 'GemmaTokenizer' || kind === 'Siglip2Tokenizer';
  const siglip = kind === 'SiglipTokenizer';
  return {
    rebuilt: gemma && reference === '5',
    flags: gemma && reference === '4.49' ? { bos: true, eos: false } : null,
    roles: kind === 'TokenizersBackend' ? {} : model === 'BPE' ? GEMMA : SIGLIP,
    specials: gemma && reference === '5' ? ['<mask>'] : [],
    padding_side: gemma ? 'left' : 'right',
    // SigLIP was trained without a mask. No transformers reads its tokenizer.json, so none says otherwise.
    model_input_names: siglip ? ['input_ids'] : BOTH,
    model_max_length: siglip ? 64 : NO_MAXIMUM,
  };
}
