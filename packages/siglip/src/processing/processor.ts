// SiglipProcessor: tokenizer and image processor in one call.
import { filesOf, HUB_OPTIONS, type HubOptions, type ModelSource, within } from '@siglip-ts/hub';
import type { TypedImage } from '@siglip-ts/image';
import type { Encoding, Int32Tensor, TextOrBatch } from '@siglip-ts/tokenizer';
import { callable } from '../runtime/callable.ts';
import { type All, expectKnown, loaderOptions } from '../runtime/options.ts';
import { writeFiles } from '../runtime/saving.ts';
import {
  type AnyImageProcessor,
  autoImageProcessor,
  type FloatTensor,
  type PixelValues,
  type SiglipImageProcessor,
} from './image-processor.ts';
import { type ReferenceOption, withReference } from './reference.ts';
import { type AnyTokenizer, autoTokenizer } from './tokenizer.ts';

type Images = Parameters<SiglipImageProcessor['preprocess']>[0];

type Text = TextOrBatch | null | undefined;
type Pictures = Images | null | undefined;
type Return = boolean | 'np' | 'pt' | null;

/** What a processor is called with. The three parameters are the types of three fields, on which the output's depends. */
export interface ProcessorInputs<T = Text, I = Pictures, R = Return> {
  /** One text or several. */
  text?: T;
  /** One picture or several. */
  images?: I;
  /** SigLIP was trained with 'max_length'; HF's default is false. */
  padding?: boolean | 'longest' | 'max_length' | 'do_not_pad';
  /** true or 'longest_first' cuts texts at max_length. Default: texts stay whole. */
  truncation?: boolean | 'longest_first' | null;
  /** In tokens. Default: the tokenizer's. */
  max_length?: number | null;
  /** Default true: tensors `{ data, shape, dtype }`; false or null: lists. */
  return_tensors?: R;
}

// prettier-ignore
const PROCESS: All<ProcessorInputs> = {
  text: 0, images: 0, padding: 0, truncation: 0, max_length: 0, return_tensors: 0,
};

/** Fields that are there if what they are made of was passed; `any` is taken to be. */
type Made<Given, Fields> = unknown extends Given
  ? Fields
  : [Given] extends [null | undefined]
    ? unknown
    : null extends Given
      ? Partial<Fields>
      : undefined extends Given
        ? Partial<Fields>
        : Fields;
type Lists<T> = T extends string ? number[] : number[][];

/** input_ids and its like where there was text, pixel_values where there were pictures. */
export type ProcessorOutput<T = Text, I = Pictures, R = Return> = Made<
  T,
  Encoding<R extends false | null ? Lists<NonNullable<T>> : Int32Tensor>
> &
  Made<I, PixelValues<R extends false | null ? TypedImage[] : FloatTensor>>;

export interface SiglipProcessor {
  <T extends Text = undefined, I extends Pictures = undefined, R extends Return = true>(
    inputs: ProcessorInputs<T, I, R>,
  ): ProcessorOutput<T, I, R>;
}
/**
 * Tokenizer and image processor in one call. Source: transformers.SiglipProcessor; that of 4.49.0 takes SigLIP's own
 * tokenizer alone, later ones SigLIP 2's too.
 *
 * @example
 * ```ts
 * import { SiglipProcessor, defaultModel, loadImage } from 'siglip-ts';
 *
 * const processor = await SiglipProcessor.from_pretrained(await defaultModel());
 * const images = await loadImage('fixtures/images/twemoji-rocket.png');
 * const inputs = processor({ text: ['a rocket'], images, padding: 'max_length' });
 * console.log(inputs.input_ids.shape, inputs.pixel_values.shape); // [ 1, 16 ] [ 1, 3, 64, 64 ]
 * ```
 */
export class SiglipProcessor {
  /** Makes pictures into pixel_values. */
  readonly image_processor: AnyImageProcessor;
  /** Makes texts into input_ids. */
  readonly tokenizer: AnyTokenizer;

  constructor(image_processor: AnyImageProcessor, tokenizer: AnyTokenizer) {
    this.image_processor = image_processor;
    this.tokenizer = tokenizer;
    return callable(this, 'call', (inputs) => [expectInputs(inputs)]);
  }
  /**
   * Both parts, from a model's files. `use_fast` chooses torchvision's image processor; default: what the file says.
   */
  static async fromPretrained(
    source: ModelSource,
    given: HubOptions & ReferenceOption & { use_fast?: boolean | null } = {},
  ): Promise<SiglipProcessor> {
    const known = { ...HUB_OPTIONS, use_fast: 0, reference: 0 } as const;
    const { reference, ...options } = loaderOptions(
      'SiglipProcessor.from_pretrained',
      given,
      known,
    );
    const files = withReference(await filesOf(source, options), reference);
    const image_processor = await autoImageProcessor(files, within(options));
    return new SiglipProcessor(image_processor, await autoTokenizer(files));
  }
  /** HF's spelling of `fromPretrained`. */
  static from_pretrained(
    ...args: Parameters<typeof SiglipProcessor.fromPretrained>
  ): Promise<SiglipProcessor> {
    return SiglipProcessor.fromPretrained(...args);
  }

  /** Throws Error if there is neither text nor image, and HF's error for texts of different lengths as tensors. */
  call<T extends Text = undefined, I extends Pictures = undefined, R extends Return = true>(
    inputs: ProcessorInputs<T, I, R>,
  ): ProcessorOutput<T, I, R> {
    const { text, images, ...o } = inputs;
    if (text == null && images == null)
      throw new TypeError('You have to specify either text or images. Both cannot be none.');
    const return_tensors = o.return_tensors === undefined ? true : o.return_tensors;
    const encoding =
      text == null
        ? {}
        : this.tokenizer(text as string, null, {
            return_tensors,
            padding: o.padding ?? false,
            truncation: o.truncation ?? null,
            max_length: o.max_length ?? this.tokenizer.max_length ?? null,
          });
    const pixels =
      images == null ? {} : this.image_processor.call(images as never, { return_tensors } as never);
    return { ...encoding, ...(pixels as object) } as ProcessorOutput<T, I, R>;
  }
  /** The tokenizer's: the text of ids. */
  decode(...args: Parameters<AnyTokenizer['decode']>): string {
    return this.tokenizer.decode(...args);
  }
  /** The tokenizer's: the text of each list of ids. */
  batch_decode(...args: Parameters<AnyTokenizer['batch_decode']>): string[] {
    return this.tokenizer.batch_decode(...args);
  }
  /** The fields that calling gives by default, those of texts first. */
  get model_input_names(): string[] {
    const names = [...this.tokenizer.model_input_names, ...this.image_processor.model_input_names];
    return [...new Set(names)];
  }
  /** What it is, in one line. */
  toString(): string {
    return `SiglipProcessor { ${String(this.tokenizer)}, ${String(this.image_processor)} }`;
  }
  /** The files of both parts, by name. */
  files(): Map<string, Uint8Array> {
    return new Map([...this.tokenizer.files(), ...this.image_processor.files()]);
  }
  /** Writes the files of both parts into a folder. Node, Deno and Bun; elsewhere `files()` gives them. */
  save_pretrained(folder: string): Promise<void> {
    return writeFiles(folder, this.files());
  }
}

function expectInputs(inputs: unknown): object {
  if (typeof inputs !== 'object' || Array.isArray(inputs) || !inputs || 'mode' in inputs)
    throw new TypeError('SiglipProcessor takes one object: { text, images }');
  return expectKnown('SiglipProcessor', inputs, PROCESS);
}
