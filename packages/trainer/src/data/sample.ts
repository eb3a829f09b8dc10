// A pair on its way to a batch: with the one caption of this epoch, then as numbers.

/** A picture with the one caption that it has this time. */
export interface Sample {
  /** What messages call it. */
  readonly name: string;
  /** The bytes of a picture's file. */
  readonly image: Uint8Array;
  /** The one that this epoch takes. */
  readonly caption: string;
}

/** How broken pairs are reported. */
export type Skipped = (reason: string) => void;

/** One picture and what it should give. */
export interface Prepared {
  /** [C, H, W] */
  readonly pixels: Float32Array;
  /** The caption's ids [T], or the number of the class [1]. */
  readonly target: Int32Array;
  /** Contrastive: whether another pair's caption is true of this picture too, and so no negative. Default: never. */
  readonly also_true?: (other: Prepared) => boolean;
  /** Contrastive: the patches to see, as many in all pairs of a batch; default: all. */
  readonly patches?: Int32Array;
}
