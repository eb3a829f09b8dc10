// From a tokenizer.json's parts to two functions: a text to ids, and tokens to a text.
import { type Added, splitter } from './added-tokens.ts';
import { Bpe } from './bpe.ts';
import { decoder } from './decoders.ts';
import type { Kind } from './kinds.ts';
import { inTurn, lowercase, type Normalize, normalizer } from './normalizers.ts';
import { postProcessor, type Template } from './post-processors.ts';
import { preTokenizer } from './pre-tokenizers.ts';
import type { TokenizerJson } from './tokenizer-json.ts';
import { Unigram } from './unigram.ts';

export interface Steps {
  /** Without the special tokens around a text. */
  readonly encode: (text: string) => number[];
  readonly decode: (tokens: readonly string[]) => string;
  readonly template: Template;
  /** Whether texts are lower-cased. */
  readonly lowers: boolean;
}

/** What transformers 5 puts in the place of the file's parts, for Gemma's vocabulary. */
const SPACES = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
const DECODERS = [
  { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
  { type: 'ByteFallback' },
  { type: 'Fuse' },
];

/** `rebuilt`: with those in place of the file's own. */
export function stepsOf(
  { model, parts }: TokenizerJson,
  added: readonly Added[],
  kind: Kind,
  rebuilt: boolean,
): Steps {
  const own = normalizer(rebuilt ? SPACES : parts.normalizer);
  const normalize: Normalize =
    rebuilt && kind === 'Siglip2Tokenizer' ? inTurn([lowercase, own]) : own;
  const preTokenize = preTokenizer(rebuilt ? null : parts.pre_tokenizer);
  const decode = decoder(rebuilt ? { type: 'Sequence', decoders: DECODERS } : parts.decoder);
  const cut = model.type === 'BPE' ? new Bpe(model) : new Unigram(model);
  const split = splitter(added, normalize);
  return {
    encode: (text) =>
      split(text).flatMap((part) =>
        'text' in part ? preTokenize([part]).flatMap((piece) => cut.encode(piece.text)) : part.id,
      ),
    decode,
    template: postProcessor(parts.post_processor),
    lowers: !normalize('A').includes('A'),
  };
}
