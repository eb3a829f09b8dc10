// Decoders for what is neither PNG nor JPEG: the browser's, and sharp's for Node. Which of them is there, is not asked here.
/** @module siglip-ts/decoders */
import {
  type DecodeLimits,
  expectPixels,
  type ImageDecoder,
  type ImageFormat,
  imageFormat,
  type RawImage,
} from '@siglip-ts/image';
import { canDraw, freshContext } from './canvas.ts';
import { withoutExif } from './webp-exif.ts';

export type { DecodeLimits, ImageDecoder, ImageFormat, RawImage };

/** PNG and JPEG stay ours: exact, and the same everywhere. */
const matches = (bytes: Uint8Array): boolean => {
  const format = imageFormat(bytes);
  return format !== undefined && format !== 'PNG' && format !== 'JPEG';
};

const TYPES: Readonly<Partial<Record<ImageFormat, string>>> = {
  WebP: 'image/webp',
  GIF: 'image/gif',
  BMP: 'image/bmp',
  TIFF: 'image/tiff',
  AVIF: 'image/avif',
  HEIF: 'image/heic',
  'JPEG 2000': 'image/jp2',
  'JPEG XL': 'image/jxl',
  ICO: 'image/x-icon',
};

/**
 * The browser's own decoder, in pages and workers: WebP, GIF, BMP, AVIF and ICO; in Safari also HEIF, TIFF and JPEG XL.
 * The first frame, turned upright. Colours under alpha are not exact: a canvas stores them multiplied by it.
 *
 * Its pictures reject with an Error that names the format where this browser cannot decode it.
 */
export function browserDecoder(): ImageDecoder {
  return { matches, decode: decodeInBrowser };
}

async function decodeInBrowser(bytes: Uint8Array, limits: DecodeLimits): Promise<RawImage> {
  const format = imageFormat(bytes)!;
  if (!canDraw())
    throw new Error(
      `${format}: there is no canvas here to decode it on, expected a page or a worker`,
    );
  const { bytes: still, orientation } =
    format === 'WebP' ? withoutExif(bytes) : { bytes, orientation: 1 };
  const blob = new Blob([still as Uint8Array<ArrayBuffer>], { type: TYPES[format] ?? '' });
  const asIs = { premultiplyAlpha: 'none', colorSpaceConversion: 'none' } as const;
  const bitmap = await createImageBitmap(blob, asIs).catch((cause: unknown) => {
    throw new Error(
      `cannot load this image: this browser does not decode this ${format} file, convert it to PNG or JPEG first`,
      { cause },
    );
  });
  try {
    const { width, height } = bitmap;
    expectPixels(width, height, limits);
    const context = freshContext(width, height);
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return { mode: 'RGBA', width, height, data, orientation };
  } finally {
    bitmap.close();
  }
}

/** What is used of sharp 0.33 and newer. */
export interface Sharp {
  (bytes: Uint8Array, options: SharpOptions): SharpPipeline;
}
interface SharpOptions {
  readonly ignoreIcc: boolean;
  readonly failOn: 'none' | 'error';
  readonly limitInputPixels: false;
}
interface SharpPipeline {
  metadata(): Promise<{
    width: number;
    height: number;
    space?: string | undefined;
    orientation?: number | undefined;
  }>;
  pipelineColourspace(name: string): SharpPipeline;
  toColourspace(name: string): SharpPipeline;
  raw(options?: { depth: 'ushort' }): SharpPipeline;
  toBuffer(options: { resolveWithObject: true }): Promise<{
    data: Uint8Array;
    info: { width: number; height: number; channels: number };
  }>;
}

/**
 * sharp as a decoder: WebP, GIF (the first frame), TIFF and AVIF, with their EXIF orientation. The pixels are Pillow's to
 * the byte, but for AVIF and for what lies under a GIF's transparent pixels.
 *
 * @param sharp what `import sharp from 'sharp'` gives
 */
export function sharpDecoder(sharp: Sharp): ImageDecoder {
  return {
    matches,
    async decode(bytes, limits) {
      const format = imageFormat(bytes)!;
      try {
        return await decodeBySharp(sharp, bytes, limits);
      } catch (error) {
        if (error instanceof RangeError) throw error;
        throw new Error(
          `cannot load this image: sharp does not decode this ${format} file ` +
            `(${(error as Error).message.split('\n')[0]}), convert it to PNG or JPEG first`,
          { cause: error },
        );
      }
    },
  };
}

const MODES = { 1: 'L', 2: 'LA', 3: 'RGB', 4: 'RGBA' } as const;

async function decodeBySharp(
  sharp: Sharp,
  bytes: Uint8Array,
  limits: DecodeLimits,
): Promise<RawImage> {
  const input = sharp(bytes, {
    ignoreIcc: true, // as Pillow
    failOn: limits.truncated === 'pad' ? 'none' : 'error',
    limitInputPixels: false, // ours is checked first
  });
  const { width, height, space, orientation = 1 } = await input.metadata();
  expectPixels(width, height, limits);
  // CMYK and 16-bit gray are made RGB by the rules of Pillow, which are not sharp's.
  const [cmyk, gray16] = [space === 'cmyk', space === 'grey16'];
  const { data, info } = await (
    cmyk
      ? input.pipelineColourspace('cmyk').toColourspace('cmyk').raw()
      : gray16
        ? input.toColourspace('grey16').raw({ depth: 'ushort' })
        : input.raw()
  ).toBuffer({ resolveWithObject: true });
  const mode = MODES[info.channels as 1 | 2 | 3 | 4];
  const size = { width: info.width, height: info.height, orientation };
  if (gray16 && info.channels === 1) {
    const samples = new Uint16Array(new Uint8Array(data).buffer); // aligned
    return { mode: 'I;16', ...size, data: samples };
  }
  return { mode: cmyk ? 'CMYK' : mode, ...size, data };
}
