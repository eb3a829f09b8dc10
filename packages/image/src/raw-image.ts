// A decoded picture as `PIL.Image.open(...)` would hold it: a mode, a size and samples.
// It is plain data with no methods: `convert.ts` changes the mode, `exif.ts` turns it upright.
/** Pillow's names. `P` holds palette indices; `1` holds the bytes 0 and 255; `I;16` holds 16-bit gray. */
export type Mode = '1' | 'L' | 'LA' | 'P' | 'PA' | 'RGB' | 'RGBA' | 'CMYK' | 'I;16';

/** A decoded picture. */
export interface RawImage {
  /** What the samples mean. */
  readonly mode: Mode;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** Samples, row by row, channels last: width x height x `channelsOf(mode)`. 16-bit only for `I;16`. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
  /** Colours of `P` and `PA` as R, G, B triples, at most 256 of them. */
  readonly palette?: Uint8Array;
  /** EXIF orientation, 1 (upright) if absent. Pillow does not turn pictures when it opens them. */
  readonly orientation?: number;
}

const CHANNELS: Readonly<Record<Mode, number>> = {
  '1': 1,
  L: 1,
  LA: 2,
  P: 1,
  PA: 2,
  RGB: 3,
  RGBA: 4,
  CMYK: 4,
  'I;16': 1,
};

/** Samples per pixel of a mode. */
export function channelsOf(mode: Mode): number {
  return CHANNELS[mode];
}

/** Whether a value is a RawImage with as many samples as its size asks for. */
export function isRawImage(value: unknown): value is RawImage {
  if (typeof value !== 'object' || value === null) return false;
  const { mode, width, height, data } = value as Partial<RawImage>;
  if (mode === undefined || !Object.hasOwn(CHANNELS, mode)) return false;
  if (width === undefined || height === undefined || !ArrayBuffer.isView(data)) return false;
  return data.length === width * height * CHANNELS[mode];
}
