// SiglipTokenizer as users load and call it; what it does is in packages/tokenizer.
import {
  SiglipTokenizer as Tokenizer,
  type CallOptions,
  type Encoding,
  type Int32Tensor,
  type SiglipTokenizerInit,
  type SiglipTokenizerOptions,
  type TextOrBatch,
} from '@siglip-ts/tokenizer';
import { callable } from './callable.ts';
import type { HubOptions } from './files/index.ts';
import { filesOf, type ModelSource } from './modeling/common.ts';
import { writeFiles } from './saving.ts';

const FILES = [
  'spiece.model',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
];

type Tensors = CallOptions & { return_tensors: true | 'np' | 'pt' };

export interface SiglipTokenizer {
  (text: TextOrBatch, pair: TextOrBatch | null, options: Tensors): Encoding<Int32Tensor>;
  (text: string, pair?: string | null, options?: CallOptions): Encoding<number[]>;
  (
    text: readonly string[],
    pair?: readonly string[] | null,
    options?: CallOptions,
  ): Encoding<number[][]>;
}
export class SiglipTokenizer extends Tokenizer {
  constructor(init: SiglipTokenizerInit) {
    super(init);
    return callable<SiglipTokenizer>(this, 'call');
  }

  /** `overrides` go before the files: `{ do_lower_case: false }`. Throws if there is no spiece.model. */
  static async fromPretrained(
    source: ModelSource,
    { tokenizer, ...options }: HubOptions & { tokenizer?: SiglipTokenizerOptions } = {},
  ): Promise<SiglipTokenizer> {
    const files = await filesOf(source, options);
    const found = new Map<string, Uint8Array>();
    for (const name of FILES) {
      const bytes = await files.bytes(name);
      if (bytes) found.set(name, bytes);
    }
    if (!found.has('spiece.model'))
      throw new Error(`${files.name} does not appear to have a file named spiece.model`);
    // Made by `new this`, so a callable one.
    return SiglipTokenizer.fromFiles(found, tokenizer) as SiglipTokenizer;
  }
  static from_pretrained = SiglipTokenizer.fromPretrained;

  /** Writes into a folder what `save_pretrained` gives. */
  save_to(folder: string): Promise<void> {
    return writeFiles(folder, this.save_pretrained());
  }
}
