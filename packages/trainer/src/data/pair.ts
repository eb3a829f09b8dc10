// What training reads: pictures with their captions, in shards. Where they come from is the business of the files beside.

/** One picture and what is true of it. */
export interface Pair {
  /** What messages call it. */
  readonly name: string;
  /** The bytes of a picture's file. */
  readonly image: Uint8Array;
  /** At least one. */
  readonly captions: readonly string[];
}

/** How the names of pictures end. Their bytes say what they are; formats beside JPEG and PNG need sharp. */
export const PICTURES = ['jpg', 'jpeg', 'png', 'webp', 'avif', 'gif', 'tif', 'tiff'];

/** Pairs that are cheap to read one after another: a folder, or one tar file. */
export interface Shard {
  /** What messages call it. */
  readonly name: string;
  /** How many pairs it has. */
  readonly size: number;
  /** Throws with the pair's name where it is broken. */
  read(i: number): Promise<Pair>;
}
