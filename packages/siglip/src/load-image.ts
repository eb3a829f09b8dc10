// load_image of transformers: a picture from wherever it is, turned upright by its EXIF tag, in RGB.
import {
  convertRgb,
  decodeImageAsync,
  exifTranspose,
  isRawImage,
  type DecodeOptions,
  type RawImage,
} from '@siglip-ts/image';
import { hasFileSystem, node } from './node.ts';
import { pixelKernels } from './pixel-kernels.ts';

/** Pixels of a canvas or of any library: 1, 3 or 4 bytes each (gray, RGB, RGBA whose alpha is dropped). */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}
interface Canvas {
  readonly width: number;
  readonly height: number;
  getContext(kind: '2d'): { getImageData(x: 0, y: 0, w: number, h: number): Pixels } | null;
}

/** A path, an http(s) or data URL, base64, the bytes of a file, a Blob, pixels, or a canvas. */
export type ImageInput =
  string | URL | Uint8Array | ArrayBuffer | Blob | RawImage | Pixels | Canvas;

export interface LoadImageOptions extends DecodeOptions {
  fetch?: typeof globalThis.fetch;
  signal?: AbortSignal | undefined;
  /** Seconds that fetching may take. Default: no limit. */
  timeout?: number | null | undefined;
}

/**
 * Throws HF's ValueError text for a string that is none of those, its TypeError text for other things, and the
 * decoder's errors for bytes that are no picture.
 */
export async function loadImage(image: ImageInput, o: LoadImageOptions = {}): Promise<RawImage> {
  const kernels = pixelKernels();
  return convertRgb(exifTranspose(await opened(image, { kernels, ...o })));
}

async function opened(image: ImageInput, o: LoadImageOptions): Promise<RawImage> {
  if (typeof image === 'string' || image instanceof URL)
    return fromText(image instanceof URL ? image.href : image, o);
  if (image instanceof Uint8Array) return decodeImageAsync(image, o);
  if (image instanceof ArrayBuffer) return decodeImageAsync(new Uint8Array(image), o);
  if (typeof Blob !== 'undefined' && image instanceof Blob)
    return decodeImageAsync(new Uint8Array(await image.arrayBuffer()), o);
  if (typeof image !== 'object' || image === null) throw new TypeError(WRONG_FORMAT);
  if (isRawImage(image)) return image;
  return 'getContext' in image ? fromCanvas(image) : fromPixels(image as Pixels);
}

async function fromText(text: string, o: LoadImageOptions): Promise<RawImage> {
  if (/^https?:\/\//.test(text)) return decodeImageAsync(await download(text, o), o);
  const path = text.startsWith('file:') ? new URL(text) : text;
  const file = await readIfFile(path);
  if (file) return decodeImageAsync(file, o);
  const encoded = text.startsWith('data:image/') ? (text.split(',')[1] ?? '') : text;
  try {
    return await decodeImageAsync(fromBase64(encoded), o);
  } catch (error) {
    const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
    throw new Error(
      'Incorrect image source. Must be a valid URL starting with `http://` or `https://`, a valid path to an image ' +
        `file, or a base64 encoded string. Got ${shown}. Failed with ${(error as Error).message}`,
    );
  }
}

async function download(url: string, o: LoadImageOptions): Promise<Uint8Array> {
  const limits = [o.signal, o.timeout != null ? AbortSignal.timeout(o.timeout * 1000) : undefined];
  const signals = limits.filter((s) => s !== undefined);
  const signal = signals.length > 0 ? AbortSignal.any(signals) : null;
  const response = await (o.fetch ?? fetch)(url, { signal });
  if (!response.ok) throw new Error(`${url}: the server answers ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The bytes of a file, undefined where there is no such file or no file system. */
async function readIfFile(path: string | URL): Promise<Uint8Array | undefined> {
  if (!hasFileSystem()) return undefined;
  try {
    return new Uint8Array(await node('node:fs/promises').readFile(path));
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (['ENOENT', 'ENAMETOOLONG', 'ENOTDIR', 'ERR_INVALID_ARG_VALUE'].includes(code ?? '')) return;
    throw error;
  }
}

function fromBase64(text: string): Uint8Array {
  const compact = text.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) throw new Error('it is not base64');
  return Uint8Array.from(atob(compact), (c) => c.charCodeAt(0));
}

function fromCanvas(canvas: Canvas): RawImage {
  const context = canvas.getContext('2d');
  if (!context) throw new TypeError('canvas: it has no 2d context');
  return fromPixels(context.getImageData(0, 0, canvas.width, canvas.height));
}

const WRONG_FORMAT =
  'Incorrect format used for image. Should be an url linking to an image, a base64 string, a local path, ' +
  'the bytes of a file, or { data, width, height } with 1, 3 or 4 bytes a pixel.';

const MODES = { 1: 'L', 3: 'RGB', 4: 'RGBA' } as const;

function fromPixels({ data, width, height }: Pixels): RawImage {
  const mode = MODES[((data?.length ?? 0) / (width * height)) as 1 | 3 | 4];
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray) || !mode)
    throw new TypeError(WRONG_FORMAT);
  return { mode, width, height, data };
}
