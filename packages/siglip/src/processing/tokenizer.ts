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
  type BackendCallOptions,
  type CallOptions,
  type Encoding,
  type Int32Tensor,
  isUnlimited,
  SiglipTokenizer as Siglip,
  type SiglipTokenizerInit,
  type SiglipTokenizerOptions,
  type TextOrBatch,
  TokenizersBackend as Backend,
  type TokenizersBackendOptions,
} from '@siglip-ts/tokenizer';
import { callable } from '../runtime/callable.ts';
import { orWhatItIs } from '../runtime/folder-kind.ts';
import { type All, expectKnown, loaderOptions } from '../runtime/options.ts';
import { writeFiles } from '../runtime/saving.ts';
import { expectTokenizer } from '../runtime/schema.ts';
import { type Reference, referenceOf, type ReferenceOption, withReference } from './reference.ts';

const [SPIECE, JSON_FILE] = ['spiece.model', 'tokenizer.json'];
const CONFIG = 'tokenizer_config.json';
const OTHERS = [CONFIG, 'special_tokens_map.json'];

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
    given: TokenizerOptions<SiglipTokenizerOptions> = {},
  ): Promise<SiglipTokenizer> {
    return opened('SiglipTokenizer', source, given, async (files, options) => {
      const found = await read(files, [SPIECE, ...OTHERS, 'added_tokens.json']);
      // Made by `new this`, so a callable one.
      return SiglipTokenizer.fromFiles(found, options) as SiglipTokenizer;
    });
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

type BackendTensors = BackendCallOptions & { return_tensors: true | 'np' | 'pt' };

/** What every tokenizer takes: options come third or, without a pair, second. */
interface Encodes {
  (text: string | readonly string[], pair: null, options: BackendTensors): Encoding<Int32Tensor>;
  (text: string, pair?: null, options?: BackendCallOptions): Encoding<number[]>;
  (text: readonly string[], pair?: null, options?: BackendCallOptions): Encoding<number[][]>;
}
interface Called extends Encodes {
  (text: string | readonly string[], options: BackendTensors): Encoding<Int32Tensor>;
  (text: string, options: BackendCallOptions): Encoding<number[]>;
  (text: readonly string[], options: BackendCallOptions): Encoding<number[][]>;
}
export interface TokenizersBackend extends Called {}
/**
 * A tokenizer.json: SigLIP 2's, or SigLIP's own as candle and transformers.js have it. Source: TokenizersBackend and
 * Siglip2Tokenizer of transformers 5, GemmaTokenizerFast and PreTrainedTokenizerFast of 4.49.
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
export class TokenizersBackend extends Backend {
  constructor(...init: ConstructorParameters<typeof Backend>) {
    super(...init);
    return callable<TokenizersBackend>(this, 'call', (...args) => called(this.kind, ...args));
  }

  /** `overrides` go before the files: `{ do_lower_case: true }`. Throws if there is no tokenizer.json. */
  static async fromPretrained(
    source: ModelSource,
    given: TokenizerOptions<TokenizersBackendOptions> = {},
  ): Promise<TokenizersBackend> {
    return opened('TokenizersBackend', source, given, async (files, options) => {
      const found = await read(files, [JSON_FILE, ...OTHERS]);
      const chosen = await asTheFolderSays(files, options);
      return TokenizersBackend.fromFiles(found, chosen) as TokenizersBackend;
    });
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof TokenizersBackend.fromPretrained>
  ): Promise<TokenizersBackend> {
    return TokenizersBackend.fromPretrained(...args);
  }

  /** What it is, in one line. */
  override toString(): string {
    return described(this.kind, this);
  }
  /** Writes its files into a folder. Node, Deno and Bun; elsewhere `files()` gives them. */
  save_pretrained(folder: string): Promise<void> {
    return writeFiles(folder, this.files());
  }
}

/** What every tokenizer can do: enough for processors, pipelines and commands. */
export interface AnyTokenizer extends Called {
  readonly call: Encodes;
  /** Whose ids these are. */
  readonly reference: Reference;
  /** Most tokens in a text, eos included; HF's very large number where the files name none. */
  readonly model_max_length: number;
  /** The max_length of a processor's call that has none; null or absent: the tokenizer's. */
  readonly max_length?: number | null;
  /** The fields of an encoding that a model takes. */
  readonly model_input_names: readonly string[];
  /** The id that fills texts up to one length. */
  readonly pad_token_id: number | null;
  /** The id that ends a text. */
  readonly eos_token_id: number | null;
  /** The id of what the vocabulary does not have. */
  readonly unk_token_id: number | null;
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

const described = (name: string, tokenizer: Siglip | Backend): string => {
  const { length, model_max_length } = tokenizer;
  const most = isUnlimited(tokenizer) ? 'any number' : `up to ${model_max_length}`;
  return `${name} { ${length.toLocaleString('en')} tokens, ${most} in a text }`;
};

/** What a tokenizer's `from_pretrained` takes. */
export interface TokenizerOptions<O> extends HubOptions, ReferenceOption {
  /** These go before the files. */
  tokenizer?: O;
}

/** Options that every tokenizer has. */
type Common = Pick<TokenizersBackendOptions, 'do_lower_case' | 'model_max_length' | 'warn'>;

/** The same files, each read once: what decides on the class asks for those that the class is made of. */
function readOnce(files: ModelFiles): ModelFiles {
  const known = new Map<string, Promise<Uint8Array | undefined>>();
  const bytes = (file: string): Promise<Uint8Array | undefined> => {
    const found = known.get(file) ?? files.bytes(file);
    known.set(file, found);
    return found;
  };
  return Object.assign(Object.create(files) as ModelFiles, { bytes });
}

/** A tokenizer of a source, made with the options that were given for it, and whose ids it is to give. */
async function opened<O, T>(
  name: string,
  source: ModelSource,
  given: TokenizerOptions<O>,
  make: (files: ModelFiles, options: O & ReferenceOption) => Promise<T>,
): Promise<T> {
  const known = { ...HUB_OPTIONS, tokenizer: 0, reference: 0 } as const;
  const { tokenizer, reference, ...options } = loaderOptions(
    `${name}.from_pretrained`,
    given,
    known,
  );
  const once = readOnce(withReference(await filesOf(source, options), reference));
  return orWhatItIs(once, async (files) => {
    const config = await readJson(files, CONFIG);
    if (config) expectTokenizer(config, `${CONFIG} of ${files.name}`);
    return make(files, { reference: await referenceOf(files), ...tokenizer } as O &
      ReferenceOption);
  });
}

/** The one that tokenizer_config.json names, SigLIP's where it names none. Source: transformers.AutoTokenizer. */
export const autoTokenizer = (
  source: ModelSource,
  given: TokenizerOptions<Common> = {},
): Promise<AnyTokenizer> =>
  opened('AutoTokenizer', source, given, async (files, { reference, ...tokenizer }) => {
    const { tokenizer_class } = await asTheFolderSays(files, { reference });
    const siglips =
      tokenizer_class === undefined || /^SiglipTokenizer(Fast)?$/.test(tokenizer_class);
    const has = async (name: string) => (await files.bytes(name)) !== undefined;
    // The file of its kind first; a class that is not known is read from the one that says more.
    const [own, other] = siglips ? [SPIECE, JSON_FILE] : [JSON_FILE, SPIECE];
    const file = (await has(own)) || !(await has(other)) ? own : other;
    const o = { tokenizer, ...(reference && { reference }) };
    return (file === SPIECE ? SiglipTokenizer : TokenizersBackend).fromPretrained(files, o);
  });

/** The options with what the model's config.json adds: which class transformers takes, and how long texts may be. */
async function asTheFolderSays(
  files: ModelFiles,
  o: TokenizersBackendOptions,
): Promise<TokenizersBackendOptions> {
  const own = (await readJson(files, CONFIG)) ?? {};
  const model = (await readJson(files, 'config.json')) ?? {};
  const { model_type, text_config } = model as ModelSays;
  const named = (own.tokenizer_class ?? model.tokenizer_class ?? undefined) as string | undefined;
  // 5 holds what NaFlex checkpoints name for a mistake, and without a config.json knows no class of its own.
  const bare = named === undefined && model_type === undefined && Object.keys(own).length > 0;
  const of5 = model_type === 'siglip2' ? 'Siglip2Tokenizer' : bare ? 'TokenizersBackend' : named;
  const tokenizer_class = o.reference === '5' ? of5 : named;
  const siglips = tokenizer_class === undefined || tokenizer_class.startsWith('SiglipTokenizer');
  const longest = text_config?.max_position_embeddings;
  const isOpen = siglips && own.model_max_length === undefined && longest !== undefined;
  return {
    ...(tokenizer_class !== undefined && { tokenizer_class }),
    ...(isOpen && { model_max_length: longest }),
    ...o,
  };
}

/** What of config.json a tokenizer depends on. */
interface ModelSays {
  readonly model_type?: string;
  readonly text_config?: { readonly max_position_embeddings?: number };
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
