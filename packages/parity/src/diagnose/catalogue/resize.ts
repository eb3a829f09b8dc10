// A resize with everything that ports get wrong as an option. The right one is packages/image's; where options agree
// with it, so do the bytes, but for rare roundings.
import type { RawImage } from '@siglip-ts/image';

export interface ResizeOptions {
  readonly kind: 'nearest' | 'bilinear' | 'bicubic';
  /** Of the cubic kernel: Pillow -0.5, OpenCV and torch without antialiasing -0.75. */
  readonly a?: number;
  readonly antialias?: boolean;
  readonly downFirst?: boolean;
  /** Whether the first pass is rounded to bytes, as Pillow does. */
  readonly rounds?: boolean;
}

/** An RGB picture at another size. */
export function resized(
  image: RawImage,
  width: number,
  height: number,
  o: ResizeOptions,
): RawImage {
  const across = (p: Plane): Plane => pass(p, p.width, width, o, true);
  const down = (p: Plane): Plane => pass(p, p.height, height, o, false);
  const plane: Plane = { ...image, data: Float64Array.from(image.data) };
  const rounded = (p: Plane) => (o.rounds === false ? p : { ...p, data: p.data.map(toByte) });
  const both = o.downFirst ? across(rounded(down(plane))) : down(rounded(across(plane)));
  return { mode: 'RGB', width, height, data: Uint8Array.from(both.data, toByte) };
}

/** The middle of a picture. */
export function cropped(image: RawImage, width: number, height: number): RawImage {
  const [left, top] = [
    Math.floor((image.width - width) / 2),
    Math.floor((image.height - height) / 2),
  ];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { mode: 'RGB', width, height, data };
}

interface Plane {
  readonly data: Float64Array;
  readonly width: number;
  readonly height: number;
}

const toByte = (x: number): number => Math.min(255, Math.max(0, Math.floor(x + 0.5)));

function pass(p: Plane, from: number, to: number, o: ResizeOptions, across: boolean): Plane {
  if (from === to) return p;
  const width = across ? to : p.width;
  const height = across ? p.height : to;
  const data = new Float64Array(width * height * 3);
  const taps = Array.from({ length: to }, (_, i) => tapsOf(i, from, to, o));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (const [at, w] of taps[across ? x : y]!)
          sum += w * p.data[((across ? y : at) * p.width + (across ? at : x)) * 3 + c]!;
        data[(y * width + x) * 3 + c] = sum;
      }
  return { data, width, height };
}

/** Which inputs make output i, and with what weights. */
function tapsOf(i: number, from: number, to: number, o: ResizeOptions): [number, number][] {
  const scale = from / to;
  const center = (i + 0.5) * scale;
  if (o.kind === 'nearest') return [[Math.min(from - 1, Math.floor(center)), 1]];
  const reach = o.kind === 'bicubic' ? 2 : 1;
  if (o.antialias === false) return clampedTaps(center - 0.5, reach, from, o);
  const stretch = Math.max(scale, 1);
  const first = Math.max(0, Math.trunc(center - reach * stretch + 0.5));
  const last = Math.min(from, Math.trunc(center + reach * stretch + 0.5));
  const taps: [number, number][] = [];
  for (let at = first; at < last; at++) taps.push([at, kernel((at - center + 0.5) / stretch, o)]);
  const sum = taps.reduce((s, [, w]) => s + w, 0);
  return taps.map(([at, w]) => [at, w / sum]);
}

/** The neighbours alone, edges repeated: torch.nn.functional.interpolate without antialias, OpenCV. */
function clampedTaps(
  at: number,
  reach: number,
  from: number,
  o: ResizeOptions,
): [number, number][] {
  const taps: [number, number][] = [];
  for (let tap = Math.floor(at) - reach + 1; tap <= Math.floor(at) + reach; tap++)
    taps.push([Math.min(from - 1, Math.max(0, tap)), kernel(at - tap, o)]);
  return taps;
}

/** The filter at a distance. */
export function kernel(distance: number, { kind, a = -0.5 }: ResizeOptions): number {
  const d = Math.abs(distance);
  if (kind === 'bilinear') return d < 1 ? 1 - d : 0;
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}
