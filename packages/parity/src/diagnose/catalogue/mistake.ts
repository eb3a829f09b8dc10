// What a known mistake is: a name, who makes it, and one change at one named place of the reference.
// Not how mistakes are searched for.
import type {
  Checkpoint,
  DType,
  Ids,
  SiglipTextConfig,
  SiglipVisionConfig,
  Tensor,
} from '@siglip-ts/core';
import type { RawImage } from '@siglip-ts/image';
import type { SiglipTokenizer } from 'siglip-ts';

export type Tower = 'vision' | 'text';
export type TowerConfig = SiglipVisionConfig | SiglipTextConfig;

/** Numbers on the host, in float64. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** How pictures become pixel_values. */
export interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What a change of ids may look at. `texts` is there only if texts were given. */
export interface Tokens {
  readonly ids: Ids;
  readonly pad: number;
  readonly eos: number;
  readonly length: number;
  readonly texts?: { readonly given: readonly string[]; readonly tokenizer: SiglipTokenizer };
}

/** What a change at a module may look at. */
export interface Place {
  readonly config: TowerConfig;
  /** What a module that ran before gave. */
  outputOf(path: string): Tensor;
  /** A parameter that `needs` names. */
  param(key: string): Tensor;
  /** The ids of the text tower, after any change of them. */
  readonly tokens: Tokens | null;
}

/** undefined: nothing changes at this path. */
export type Edit = (path: string, x: Tensor, place: Place) => Tensor | undefined;

export interface Outputs {
  readonly scale: number;
  readonly bias: number;
  /** Not normalised. */
  readonly image: Numbers;
  readonly text: Numbers;
  /** By HF's field names, and `scores`, the sigmoid of logits_per_image. */
  readonly fields: ReadonlyMap<string, Numbers>;
}

/** One of the changes is set. */
export interface Mistake {
  readonly name: string;
  readonly stage: 'pixels' | 'tokens' | 'tower' | 'output';
  /** The towers that it may happen in. */
  readonly towers: readonly Tower[];
  /** A sentence on who makes it. */
  readonly who: string;
  /** Bytes of another resize, at the target size. */
  readonly resize?: (picture: RawImage, o: Pixels) => RawImage;
  /** Other numbers of the same bytes: value 0..255 of channel c to a number. */
  readonly number?: (byte: number, channel: number, o: Pixels) => number;
  /** Channels in another order. */
  readonly channels?: readonly number[];
  readonly ids?: (t: Tokens) => Ids;
  readonly mask?: (t: Tokens) => Ids;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly dtype?: DType;
  readonly checkpoint?: (c: Checkpoint) => Checkpoint;
  /** Parameters that the edits look at. */
  readonly needs?: readonly string[];
  /** Replaces what a module gives: a dump shows it. */
  readonly replaces?: Edit;
  /** Corrupts what the next module receives: a dump of this one does not show it. */
  readonly corrupts?: Edit;
  /** Only a classifier has the place where it is made. */
  readonly classifier?: true;
  /** Only where position tables are resized. */
  readonly interpolated?: true;
  readonly output?: (o: Outputs) => ReadonlyMap<string, Numbers>;
}
