// From texts to input_ids, as the reference and as mistakes have it.
import type { Ids, SiglipTextConfig } from '@siglip-ts/core';
import type { SiglipTokenizer } from 'siglip-ts';
import type { Mistake, Numbers, Tokens } from '../catalogue/mistake.ts';
import type { Inputs, Subject } from './subject.ts';

/** The ids of the texts, or the given ones, as the mistakes have them; `forced` takes their place. */
export function tokensOf(
  { tokenizer, text }: Subject,
  { texts, input_ids }: Inputs,
  mistakes: readonly Mistake[],
  forced?: Numbers,
): Tokens {
  const c: SiglipTextConfig = text!;
  const length = c.max_position_embeddings;
  const pad = tokenizer?.pad_token_id ?? c.pad_token_id ?? 1;
  // The configuration's eos_token_id may be CLIP's left-over, outside the vocabulary.
  const eos = tokenizer?.eos_token_id ?? (c.eos_token_id! < c.vocab_size ? c.eos_token_id! : pad);
  const given = texts && tokenizer ? { given: texts, tokenizer } : undefined;
  const about = { pad, eos, length, ...(given && { texts: given }) };
  let ids = input_ids ?? encode(tokenizer!, texts!, length);
  for (const m of mistakes) ids = m.ids?.({ ids, ...about }) ?? ids;
  if (forced) ids = { shape: forced.shape, data: Int32Array.from(forced.data) };
  return { ids, ...about };
}

function encode(tokenizer: SiglipTokenizer, texts: readonly string[], max_length: number): Ids {
  const how = {
    padding: 'max_length',
    truncation: true,
    max_length,
    return_tensors: true,
  } as const;
  const { data, shape } = tokenizer.call([...texts], null, how).input_ids;
  return { data: Int32Array.from(data), shape };
}

export const idValues = ({ data, shape }: Ids): Numbers => ({
  shape,
  data: new Float64Array(data),
});
