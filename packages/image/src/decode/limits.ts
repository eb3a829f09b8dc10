// What every decoder is given: how large pictures may be, and what to do with a file that ends too early.

/** Limits of decoding, with Pillow's as defaults. */
export interface DecodeLimits {
  /** The most pixels a picture may have. Default 178956970, where Pillow refuses. */
  readonly maxPixels?: number;
  /**
   * The most samples that the scans of a JPEG may pass over, all together: each scan costs time for each of its components'
   * samples, though a few bytes make one. Default 2^33: a picture of 16 million pixels in 500 scans. Pillow has no limit.
   */
  readonly maxScanSamples?: number;
  /** The most bytes a compressed text of a PNG may have. Default 1 MiB, Pillow's MAX_TEXT_CHUNK. */
  readonly maxTextChunk?: number;
  /**
   * The most bytes the compressed texts of a PNG may have together. Default 64 MiB, Pillow's MAX_TEXT_MEMORY.
   * Only texts that may hold an orientation are inflated and counted.
   */
  readonly maxTextMemory?: number;
  /**
   * 'error' (the default) throws where Pillow throws. 'pad' keeps what could be decoded, as Pillow does
   * under `ImageFile.LOAD_TRUNCATED_IMAGES`: the rest is black in PNG, and gray or a guess in JPEG.
   */
  readonly truncated?: 'error' | 'pad';
}

/** Twice `Image.MAX_IMAGE_PIXELS`, which is a quarter of a GiB in 24-bit pixels. */
const PILLOW_LIMIT = 2 * Math.floor(1024 ** 3 / 4 / 3);

const AMOUNTS = ['maxPixels', 'maxScanSamples', 'maxTextChunk', 'maxTextMemory'] as const;

/** Throws TypeError for a limit that limits nothing, as NaN would, and for a mode that is none. */
export function expectLimits(limits: DecodeLimits): void {
  for (const name of AMOUNTS) {
    const value: unknown = limits[name];
    if (value !== undefined && !(typeof value === 'number' && value >= 0))
      throw new TypeError(`${name}: ${shown(value)}, expected a number of at least 0`);
  }
  const { truncated }: { truncated?: unknown } = limits;
  if (truncated !== undefined && truncated !== 'error' && truncated !== 'pad')
    throw new TypeError(`truncated: ${shown(truncated)}, expected "error" or "pad"`);
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value) : typeof value === 'object' ? 'an object' : String(value); // prettier-ignore

/** Refuses a size before anything is allocated for it. Pillow's DecompressionBombError. */
export function expectPixels(width: number, height: number, limits: DecodeLimits): void {
  const limit = limits.maxPixels ?? PILLOW_LIMIT;
  const pixels = width * height;
  if (pixels > limit) {
    throw new RangeError(
      `Image size (${pixels} pixels) exceeds limit of ${limit} pixels, ` +
        'could be decompression bomb DOS attack.',
    );
  }
}
