// What the two image processors share: options, their checks and messages, sizes, and JSON.
import type { KernelOption } from '../pixel-kernels.ts';
import type { TypedImage } from './array-image.ts';

/** The forms of HF's size dictionary. */
export type SizeDict = Readonly<
  Partial<
    Record<
      'height' | 'width' | 'shortest_edge' | 'longest_edge' | 'max_height' | 'max_width',
      number
    >
  >
>;

/** A number for all channels, or one for each. */
export type PerChannel = number | readonly number[];

/** HF's options of both processors. null is Python's None; undefined is "not given". */
export interface ProcessorOptions {
  /** Whether to resize to `size`. Default true. */
  readonly do_resize?: boolean | null;
  /** The new height and width in pixels. Default 224 by 224. */
  readonly size?: SizeDict | number | readonly number[] | null;
  /** `PIL.Image.Resampling`: 0 nearest, 1 lanczos, 2 bilinear, 3 bicubic, 4 box, 5 hamming. */
  readonly resample?: number | null;
  /** Whether to multiply by `rescale_factor`. Default true. */
  readonly do_rescale?: boolean | null;
  /** Default 1/255: bytes to 0 … 1. */
  readonly rescale_factor?: number | null;
  /** Whether to subtract `image_mean` and divide by `image_std`. Default true. */
  readonly do_normalize?: boolean | null;
  /** After rescaling. Default 0.5 for each channel. */
  readonly image_mean?: PerChannel | null;
  /** After rescaling. Default 0.5 for each channel. */
  readonly image_std?: PerChannel | null;
  /** Whether pictures are made RGB first. Default null: see the two processors. */
  readonly do_convert_rgb?: boolean | null;
}

/** Options of a call, beside those above. Keys that HF does not know are warned about. */
export interface PreprocessOptions extends ProcessorOptions {
  /** 'np' and 'pt' (or true) give one array, as there is one kind of array here; null a list. */
  readonly return_tensors?: 'np' | 'pt' | true | string | null;
  /** 'channels_first' (default) or 'channels_last', of the result. */
  readonly data_format?: string | null;
  /** 'channels_first', 'channels_last' or 'none' for [H, W], of arrays that are passed. Default: guessed as HF does. */
  readonly input_data_format?: string | null;
  readonly [unknown: string]: unknown;
}

/** Options of a call that no file has. */
export const RESULT_KEYS = ['return_tensors', 'data_format', 'input_data_format'] as const;

/** What is not HF's: how a processor speaks, and what speeds it up. */
export interface Behaviour extends KernelOption {
  /** Where warnings go. Default `console.warn`, if there is one. */
  readonly warn?: (message: string) => void;
}

/** Options of a call that asks for one array. */
export type AsTensors = PreprocessOptions & { readonly return_tensors: true | 'np' | 'pt' };

/** What a processor gives. Source: BatchFeature. */
export interface BatchFeature<T = TypedImage | TypedImage[]> {
  /** [B, C, H, W], or a list of [C, H, W] where no tensors were asked for. */
  readonly pixel_values: T;
}

/** What `console` is here; some small engines have none. */
export function consoleWarn(message: string): void {
  const { console } = globalThis as { console?: { warn?: (message: string) => void } };
  console?.warn?.(message);
}

const SIZE_KEYS = [
  ['height', 'width'],
  ['shortest_edge'],
  ['shortest_edge', 'longest_edge'],
  ['longest_edge'],
  ['max_height', 'max_width'],
];

/** HF's `get_size_dict`: numbers and pairs become dictionaries, whose keys are checked. */
export function sizeDict(
  size: NonNullable<ProcessorOptions['size']>,
  defaultToSquare: boolean,
  name = 'size',
): SizeDict {
  const dict = toDict(size, defaultToSquare);
  const keys = Object.keys(dict);
  const known = SIZE_KEYS.some((set) => set.length === keys.length && set.every((k) => k in dict));
  if (known) return dict;
  const quoted = (list: string[]) => list.map((k) => `'${k}'`).join(', ');
  throw new RangeError(
    `${name} must have one of the following set of keys: ` +
      `(${SIZE_KEYS.map((set) => `{${quoted(set)}}`).join(', ')}), got dict_keys([${quoted(keys)}])`,
  );
}

function toDict(size: NonNullable<ProcessorOptions['size']>, defaultToSquare: boolean): SizeDict {
  if (typeof size === 'number') {
    return defaultToSquare ? { height: size, width: size } : { shortest_edge: size };
  }
  if (Array.isArray(size)) return { height: size[0], width: size[1] };
  if (typeof size === 'object') return size as SizeDict;
  throw new TypeError(`Could not convert size input to size dict: ${String(size)}`);
}

/** HF's `validate_preprocess_arguments`. */
export function expectArguments(
  options: ProcessorOptions & { do_center_crop?: boolean | null; crop_size?: unknown },
): void {
  const missing = (value: unknown) => value === null || value === undefined;
  if (options.do_rescale && missing(options.rescale_factor)) {
    throw new TypeError('`rescale_factor` must be specified if `do_rescale` is `True`.');
  }
  if (options.do_normalize && (missing(options.image_mean) || missing(options.image_std))) {
    throw new TypeError(
      '`image_mean` and `image_std` must both be specified if `do_normalize` is `True`.',
    );
  }
  if (options.do_center_crop && missing(options.crop_size)) {
    throw new TypeError('`crop_size` must be specified if `do_center_crop` is `True`.');
  }
  if (options.do_resize && (missing(options.size) || missing(options.resample))) {
    throw new TypeError('`size` and `resample` must be specified if `do_resize` is `True`.');
  }
}

/** 400 MB of numbers. A size is often what a picture's own sides make of `shortest_edge`. */
const MOST_PIXELS = 2 ** 25;

/** Throws before memory is set aside for a picture that nobody means. */
export function expectSize({ height, width }: { height: number; width: number }): void {
  if (height * width > MOST_PIXELS)
    throw new RangeError(
      `size: ${height} x ${width} pixels after the resize, expected at most ${MOST_PIXELS}`,
    );
}

/** `PIL.Image.Resampling`, by number. */
const FILTERS = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const;

/** Throws RangeError for a number that is none of Pillow's. */
export function filterOf(resample: number): (typeof FILTERS)[number] {
  const filter = typeof resample === 'number' ? FILTERS[resample] : undefined;
  if (filter) return filter;
  throw new RangeError(
    `resample ${resample}, expected 0 to ${FILTERS.length - 1}: ${FILTERS.join(', ')}`,
  );
}

/** `json.dumps(dict, indent=2, sort_keys=True)` and a line feed, with the private processor class renamed. */
export function toJsonString(dict: Readonly<Record<string, unknown>>): string {
  const { _processor_class, ...rest } = dict;
  const named = _processor_class === null ? rest : { ...rest, processor_class: _processor_class };
  const text = JSON.stringify(sorted(named), undefined, 2);
  const escape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(/[\u007f-\uffff]/g, escape) + '\n';
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

/** Splits a configuration into its known fields and all else, which is kept and saved again. */
export function keptKeys(
  config: Readonly<Record<string, unknown>>,
  known: readonly string[],
): Record<string, unknown> {
  const { feature_extractor_type: _, processor_class = null, ...rest } = config;
  const kept = Object.entries(rest).filter(([key]) => !known.includes(key));
  return { ...Object.fromEntries(kept), _processor_class: processor_class };
}

/** HF's `from_dict`: overrides count only where the processor has such an attribute. */
export function overridden(
  dict: Readonly<Record<string, unknown>>,
  overrides: Readonly<Record<string, unknown>>,
  known: readonly string[],
): Record<string, unknown> {
  const has = (key: string) => known.includes(key) || key in dict;
  return { ...dict, ...Object.fromEntries(Object.entries(overrides).filter(([key]) => has(key))) };
}
