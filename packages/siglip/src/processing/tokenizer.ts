// The tokenizers of SigLIP and SigLIP 2 as users load and call them; what they do is in packages/tokenizer.
import {
  filesOf,
  HUB_OPTIONS,
  type HubOptions,
  missingFile,
  type ModelFiles,
  type ModelSource,
  readJson,
} from '@siglip-ts/hub';
import {
  type CallOptions,
  type Encoding,
  type GemmaCallOptions,
  GemmaTokenizerFast as Gemma,
  type GemmaTokenizerOptions,
  type Int32Tensor,
  isUnlimited,
  SiglipTokenizer as Siglip,
  type SiglipTokenizerInit,
  type SiglipTokenizerOptions,
  type TextOrBatch,
} from '@siglip-ts/tokenizer';
import { callable } from '../runtime/callable.ts';
import { orWhatItIs } from '../runtime/folder-kind.ts';
import { type All, expectKnown, loaderOptions } from '../runtime/options.ts';
import { writeFiles } from '../runtime/saving.ts';

const FILES = {
  siglip: ['spiece.model', 'tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json'],
  gemma: ['tokenizer.json', 'tokenizer_config.json'],
};

type Tensors = CallOptions & { return_tensors: true | 'np' | 'pt' };

export interface SiglipTokenizer {
  (text: TextOrBatch, options: Tensors): Encoding<Int32Tensor>;
  (text: string, options: CallOptions): Encoding<number[]>;
  (text: readonly string[], options: CallOptions): Encoding<number[][]>;
  (text: TextOrBatch, pair: TextOrBatch | null, options: Tensors): Encoding<Int32Tensor>;
  (text: string, pair?: string | null, options?: CallOptions): Encoding<number[]>;
  (
    text: readonly string[],
    pair?: readonly string[] | null,
    options?: CallOptions,
  ): Encoding<number[][]>;
}
/**
 * SigLIP's: lower-case, drop punctuation, SentencePiece, eos, pad. Source: SiglipTokenizer.
 *
 * @example
 * ```ts
 * import { SiglipTokenizer, defaultModel } from 'siglip-ts';
 *
 * const tokenizer = await SiglipTokenizer.from_pretrained(await defaultModel());
 * console.log(tokenizer.tokenize('A rocket!')); // [ '▁a', '▁rocket' ]
 * console.log(tokenizer('A rocket!').input_ids); // [ 4, 1329, 1 ]
 * console.log(tokenizer.decode([4, 1329, 1])); // a rocket</s>
 * ```
 */
export class SiglipTokenizer extends Siglip {
  constructor(init: SiglipTokenizerInit) {
    super(init);
    return callable<SiglipTokenizer>(this, 'call', (...args) => called('SiglipTokenizer', ...args));
  }

  /** `overrides` go before the files: `{ do_lower_case: false }`. Throws if there is no spiece.model. */
  static async fromPretrained(
    source: ModelSource,
    given: HubOptions & { tokenizer?: SiglipTokenizerOptions } = {},
  ): Promise<SiglipTokenizer> {
    const known = { ...HUB_OPTIONS, tokenizer: 0 } as const;
    const { tokenizer, ...options } = loaderOptions(
      'SiglipTokenizer.from_pretrained',
      given,
      known,
    );
    // Made by `new this`, so a callable one.
    return orWhatItIs(
      await filesOf(source, options),
      async (files) =>
        SiglipTokenizer.fromFiles(await read(files, FILES.siglip), tokenizer) as SiglipTokenizer,
    );
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof SiglipTokenizer.fromPretrained>
  ): Promise<SiglipTokenizer> {
    return SiglipTokenizer.fromPretrained(...args);
  }

  /** What it is, in one line. */
  override toString(): string {
    return described('SiglipTokenizer', this);
  }
  /** Writes its files into a folder. Node, Deno and Bun; elsewhere `files()` gives them. */
  save_pretrained(folder: string): Promise<void> {
    return writeFiles(folder, this.files());
  }
}

/** The options of a call. */
// prettier-ignore
const ENCODE: All<CallOptions> = {
  add_special_tokens: 0, padding: 0, truncation: 0, max_length: 0, stride: 0, is_split_into_words: 0,
  pad_to_multiple_of: 0, padding_side: 0, return_tensors: 0, return_token_type_ids: 0, return_attention_mask: 0,
  return_overflowing_tokens: 0, return_special_tokens_mask: 0, return_offsets_mapping: 0, return_length: 0,
  split_special_tokens: 0, verbose: 0, text_target: 0, text_pair_target: 0,
};

/** What a tokenizer is called with: options may come second, as in transformers.js. */
function called(name: string, ...[text, ...more]: unknown[]): unknown[] {
  const isPair = more.length > 1 || typeof more[0] !== 'object' || Array.isArray(more[0]);
  const [pair, options] = isPair || more[0] === null ? more : [undefined, more[0]];
  return [text, pair, options && expectKnown(name, options, ENCODE)];
}

type GemmaTensors = GemmaCallOptions & { return_tensors: true | 'np' | 'pt' };

/** What both tokenizers take: options come third or, without a pair, second. */
interface Encodes {
  (text: string | readonly string[], pair: null, options: GemmaTensors): Encoding<Int32Tensor>;
  (text: string, pair?: null, options?: GemmaCallOptions): Encoding<number[]>;
  (text: readonly string[], pair?: null, options?: GemmaCallOptions): Encoding<number[][]>;
}
interface Called extends Encodes {
  (text: string | readonly string[], options: GemmaTensors): Encoding<Int32Tensor>;
  (text: string, options: GemmaCallOptions): Encoding<number[]>;
  (text: readonly string[], options: GemmaCallOptions): Encoding<number[][]>;
}
export interface GemmaTokenizerFast extends Called {}
/**
 * SigLIP 2's, of its fixed-resolution checkpoints. Source: GemmaTokenizerFast.
 *
 * @example
 * ```ts
 * import { GemmaTokenizerFast } from 'siglip-ts';
 *
 * const tokenizer = await GemmaTokenizerFast.from_pretrained('fixtures/tokenizer/gemma');
 * console.log(tokenizer.tokenize('a rocket')); // [ 'a', '▁r', 'o', 'c', 'ket' ]
 * console.log(tokenizer('a rocket').input_ids); // [ 1222, 291, 1225, 1238, 321, 1 ]
 * ```
 */
export class GemmaTokenizerFast extends Gemma {
  constructor(...init: ConstructorParameters<typeof Gemma>) {
    super(...init);
    return callable<GemmaTokenizerFast>(this, 'call', (...args) =>
      called('GemmaTokenizerFast', ...args),
    );
  }

  /** `overrides` go before the files: `{ do_lower_case: true }`. Throws if there is no tokenizer.json. */
  static async fromPretrained(
    source: ModelSource,
    given: HubOptions & { tokenizer?: GemmaTokenizerOptions } = {},
  ): Promise<GemmaTokenizerFast> {
    const known = { ...HUB_OPTIONS, tokenizer: 0 } as const;
    const { tokenizer, ...options } = loaderOptions(
      'GemmaTokenizerFast.from_pretrained',
      given,
      known,
    );
    return orWhatItIs(
      await filesOf(source, options),
      async (files) =>
        GemmaTokenizerFast.fromFiles(
          await read(files, FILES.gemma),
          tokenizer,
        ) as GemmaTokenizerFast,
    );
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof GemmaTokenizerFast.fromPretrained>
  ): Promise<GemmaTokenizerFast> {
    return GemmaTokenizerFast.fromPretrained(...args);
  }

  /** What it is, in one line. */
  override toString(): string {
    return described('GemmaTokenizerFast', this);
  }
  /** Writes its files into a folder. Node, Deno and Bun; elsewhere `files()` gives them. */
  save_pretrained(folder: string): Promise<void> {
    return writeFiles(folder, this.files());
  }
}

/** What both can do: enough for processors, pipelines and commands. */
export interface AnyTokenizer extends Called {
  readonly call: Encodes;
  /** Most tokens in a text, eos included; HF's very large number where the files name none. */
  readonly model_max_length: number;
  /** The fields of an encoding that a model takes. */
  readonly model_input_names: readonly string[];
  /** The id that fills texts up to one length. */
  readonly pad_token_id: number | null;
  /** The id that ends a text. */
  readonly eos_token_id: number | null;
  /** The pieces of a text, without special tokens. */
  tokenize(text: string): string[];
  /** The ids of a text, with eos where the tokenizer appends it. */
  encode(text: string): number[];
  /** The id of each token; the unknown one's for what is not in the vocabulary. */
  convert_tokens_to_ids(tokens: readonly string[]): number[];
  /** The token of each id. */
  convert_ids_to_tokens(ids: ArrayLike<number>): string[];
  /** The text of ids. */
  decode: Siglip['decode'];
  /** The text of each list of ids. */
  batch_decode: Siglip['batch_decode'];
  /** Its files by name. */
  files(): Map<string, Uint8Array>;
  /** Writes them into a folder. */
  save_pretrained(folder: string): Promise<void>;
}

const described = (name: string, tokenizer: Siglip | Gemma): string => {
  const { length, model_max_length } = tokenizer;
  const most = isUnlimited(tokenizer) ? 'any number' : `up to ${model_max_length}`;
  return `${name} { ${length.toLocaleString('en')} tokens, ${most} in a text }`;
};

/** Options that both tokenizers have. */
type Common = Pick<GemmaTokenizerOptions, 'do_lower_case' | 'model_max_length' | 'warn'>;

/** The one that tokenizer_config.json names, SigLIP's where it names none. Source: transformers.AutoTokenizer. */
export async function autoTokenizer(
  source: ModelSource,
  given: HubOptions & { tokenizer?: Common } = {},
): Promise<AnyTokenizer> {
  const known = { ...HUB_OPTIONS, tokenizer: 0 } as const;
  const { tokenizer, ...options } = loaderOptions('AutoTokenizer.from_pretrained', given, known);
  const files = await filesOf(source, options);
  const named = (await readJson(files, 'tokenizer_config.json'))?.tokenizer_class;
  const isGemma = named === 'GemmaTokenizer' || named === 'GemmaTokenizerFast';
  const o = tokenizer && { tokenizer };
  return (isGemma ? GemmaTokenizerFast : SiglipTokenizer).fromPretrained(files, o);
}

/** Options of a tokenizer's call. */
interface FullLength {
  /** To max_length. */
  readonly padding: 'max_length';
  /** In tokens; absent: the tokenizer's own. */
  readonly max_length?: number;
}

/**
 * The options that pad texts to the full length, as SigLIP was trained. SigLIP 2's tokenizer names none, so it is the
 * model's there; transformers 4.49's pipeline leaves such texts unpadded, with a warning.
 */
export const toFullLength = (
  tokenizer: Pick<AnyTokenizer, 'model_max_length'>,
  max_position_embeddings: number,
): FullLength =>
  isUnlimited(tokenizer)
    ? { padding: 'max_length', max_length: max_position_embeddings }
    : { padding: 'max_length' };

/** Those of the files that are there; the first must be. */
async function read(files: ModelFiles, names: readonly string[]): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const name of names) {
    const bytes = await files.bytes(name);
    if (bytes) found.set(name, bytes);
  }
  if (!found.has(names[0]!)) throw missingFile(files, names[0]!);
  return found;
}
