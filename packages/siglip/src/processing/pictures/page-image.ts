// Pictures that a page shows, as pixels: <img>, <video>, canvases, ImageBitmap, VideoFrame. Drawn on a canvas of our own;
// that is exact for opaque pixels only, since a canvas stores colours multiplied by alpha.
import { expectPixels, imageFormat } from '@siglip-ts/image';
import { canDraw, freshContext } from './canvas.ts';
import { bytesOfText, download, type ReadOptions, shortened } from './text-image.ts';

/** Pixels of a canvas or of any library: 1, 3 or 4 bytes each (gray, RGB, RGBA whose alpha is dropped). */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

interface ImageElement {
  readonly currentSrc: string;
  readonly src: string;
  readonly crossOrigin: string | null;
  readonly naturalWidth: number;
  readonly naturalHeight: number;
  decode(): Promise<void>;
}
interface VideoElement {
  readonly videoWidth: number;
  readonly videoHeight: number;
  readonly readyState: number;
}
interface Frame {
  readonly displayWidth: number;
  readonly displayHeight: number;
  close(): void;
}
interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}
interface Canvas {
  readonly width: number;
  readonly height: number;
  getContext(kind: '2d'): unknown;
}

/** By what they have, so that no DOM types are needed: HTMLImageElement, HTMLVideoElement, VideoFrame, ImageBitmap, canvases. */
export type Drawable = ImageElement | VideoElement | Frame | Bitmap | Canvas;

export const isDrawable = (x: object): x is Drawable =>
  'naturalWidth' in x ||
  'videoWidth' in x ||
  'getContext' in x ||
  ('close' in x && ('displayWidth' in x || 'width' in x));

export const isImage = (x: Drawable): x is ImageElement => 'naturalWidth' in x;

/**
 * The file that an <img> shows, which is fetched again, mostly from the cache: drawn pixels are not exact. Undefined where
 * it cannot be had, or is none that has pixels, such as SVG.
 */
export async function bytesOfElement(
  image: ImageElement,
  o: ReadOptions,
): Promise<Uint8Array | undefined> {
  const url = image.currentSrc || image.src;
  if (!url) throw new TypeError('<img>: it has no src');
  const credentials = image.crossOrigin === 'use-credentials' ? 'include' : 'same-origin';
  try {
    const bytes = /^(data|blob):/.test(url)
      ? await bytesOfText(url, o)
      : await download(url, o, { credentials });
    return imageFormat(bytes) ? bytes : undefined;
  } catch (error) {
    if (o.signal?.aborted) throw error;
    return undefined;
  }
}

/** What is shown now, upright, as the browser sees it. Throws Error where there is nothing, or it may not be read. */
export async function drawn(source: Drawable, o: ReadOptions): Promise<Pixels> {
  const name = isImage(source)
    ? `<img> ${shortened(source.currentSrc || source.src)}`
    : nameOf(source);
  if (isImage(source) && canDraw())
    await source.decode().catch((cause: unknown) => {
      throw new Error(`${name}: it does not load`, { cause });
    });
  if ('readyState' in source && source.readyState < 2)
    throw new Error(`${name}: no frame yet, expected readyState 2 or more`);
  const [width, height] = sizeOf(source);
  if (!(width > 0 && height > 0))
    throw new Error(`${name}: ${width} x ${height}, expected some pixels`);
  expectPixels(width, height, o);
  return pixelsOf(contextOf(source, width, height, name), width, height, name);
}

function nameOf(source: Drawable): string {
  if ('videoWidth' in source) return '<video>';
  if ('getContext' in source) return 'canvas';
  return 'displayWidth' in source ? 'VideoFrame' : 'ImageBitmap';
}

function sizeOf(source: Drawable): [number, number] {
  if (isImage(source)) return [source.naturalWidth, source.naturalHeight];
  if ('videoWidth' in source) return [source.videoWidth, source.videoHeight];
  if ('displayWidth' in source) return [source.displayWidth, source.displayHeight];
  return [source.width, source.height];
}

interface Readable {
  getImageData(x: number, y: number, width: number, height: number): Pixels;
}

/**
 * A context with the picture. Not the canvas' own: it may have one for bitmaps or WebGL, and asking one that has none for
 * a 2d context would settle it. Outside of browsers there are canvases that can only be asked.
 */
function contextOf(source: Drawable, width: number, height: number, name: string): Readable {
  if (canDraw()) {
    const context = freshContext(width, height);
    context.drawImage(source as unknown as CanvasImageSource, 0, 0, width, height);
    return context;
  }
  const context = 'getContext' in source ? source.getContext('2d') : undefined;
  if (context) return context as Readable;
  throw new TypeError(
    `${name}: nothing can draw it here, expected a page, or a canvas with a 2d context`,
  );
}

function pixelsOf(context: Readable, width: number, height: number, name: string): Pixels {
  try {
    return context.getImageData(0, 0, width, height);
  } catch (cause) {
    if ((cause as Error).name !== 'SecurityError') throw cause;
    throw new Error(
      `${name}: it has pixels of another origin, which a page may not read. Its server must send ` +
        "Access-Control-Allow-Origin, and the element needs crossOrigin = 'anonymous' before its src",
      { cause },
    );
  }
}
