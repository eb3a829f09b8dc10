// The pictures that a program may have, as what can be decoded, or posted to a worker: a file's bytes, or pixels.
// Nothing is decoded here.
import { bodyOf, SILENCE, tooMuch } from '@siglip-ts/hub/reading';
import { isRawImage, type RawImage } from '@siglip-ts/image';
import {
  bytesOfElement,
  type Drawable,
  drawn,
  isDrawable,
  isImage,
  type Pixels,
} from './page-image.ts';
import { bytesOfText, MAX_BYTES, type ReadOptions } from './text-image.ts';

/** A Blob, a File or a Response, of any realm. */
interface Body {
  arrayBuffer(): Promise<ArrayBuffer>;
  /** Of a Blob. */
  readonly size?: number;
  /** Of a Response. */
  readonly ok?: boolean;
  readonly status?: number;
  readonly url?: string;
  readonly bodyUsed?: boolean;
}

/**
 * A path; an http(s), blob or data URL, in a page also a relative one; base64; the bytes of a file; a Blob, File or
 * Response; pixels; or what a page shows: <img>, <video> (its current frame), a canvas, ImageBitmap, VideoFrame.
 */
export type ImageInput =
  string | URL | Uint8Array | DataView | ArrayBufferLike | Body | RawImage | Pixels | Drawable;

export interface Portable {
  readonly image: Uint8Array | RawImage;
  /** Buffers that were made here, which may be transferred; never the caller's. */
  readonly transfer: readonly ArrayBuffer[];
}

/**
 * Reads, fetches or draws a picture. What a page shows is drawn before the first await, so that it is the picture of this
 * moment; only an <img> is fetched again, since its file is exact and a canvas is not.
 *
 * Throws HF's ValueError text for a string that is no picture's, its TypeError text for other things.
 */
export async function portable(image: ImageInput, o: ReadOptions = {}): Promise<Portable> {
  if (typeof image === 'string') return ours(await bytesOfText(image, o));
  if (typeof image !== 'object' || image === null) throw new TypeError(WRONG_FORMAT);
  if (isUrl(image)) return ours(await bytesOfText(image.href, o));
  const bytes = bytesOf(image);
  if (bytes) return { image: bytes, transfer: [] };
  if (isRawImage(image)) return { image, transfer: [] };
  if (isDrawable(image)) {
    const found = isImage(image) ? await bytesOfElement(image, o) : undefined;
    return ours(found ?? rawOf(await drawn(image, o)));
  }
  if ('arrayBuffer' in image) return ours(await bytesOfBody(image, o));
  return { image: rawOf(image as Pixels), transfer: [] };
}

function ours(image: Uint8Array | RawImage): Portable {
  const { buffer } = image instanceof Uint8Array ? image : image.data;
  return { image, transfer: buffer instanceof ArrayBuffer ? [buffer] : [] };
}

/** By tag and not by class: things may come from another realm, such as a frame, and small engines lack URL. */
const tagOf = (x: unknown): string => Object.prototype.toString.call(x).slice(8, -1);

export const isUrl = (image: unknown): image is URL => tagOf(image) === 'URL';

function bytesOf(image: object): Uint8Array | undefined {
  if (ArrayBuffer.isView(image)) {
    if (!/^(Uint8Array|Uint8ClampedArray|DataView)$/.test(tagOf(image)))
      throw new TypeError(`${WRONG_FORMAT} Got ${tagOf(image)}.`);
    return unshared(new Uint8Array(image.buffer, image.byteOffset, image.byteLength));
  }
  return /^(Shared)?ArrayBuffer$/.test(tagOf(image))
    ? unshared(new Uint8Array(image as ArrayBufferLike))
    : undefined;
}

/** A Blob takes no shared memory, and others may write to it. */
const unshared = (bytes: Uint8Array): Uint8Array =>
  tagOf(bytes.buffer) === 'SharedArrayBuffer' ? bytes.slice() : bytes;

async function bytesOfBody(body: Body, o: ReadOptions): Promise<Uint8Array> {
  const { url, status, size } = body;
  const { maxBytes = MAX_BYTES, silence = SILENCE, signal } = o;
  if (body.ok === false) throw new Error(`${url || 'Response'}: the server answers ${status}`);
  if (body.bodyUsed) throw new TypeError(`${url || 'Response'}: its body was read before`);
  if (size !== undefined && size > maxBytes) throw tooMuch(size, maxBytes, 'maxBytes');
  if (!('headers' in body)) return new Uint8Array(await body.arrayBuffer());
  return bodyOf(body as unknown as Response, maxBytes, 'maxBytes', { silence, signal });
}

const WRONG_FORMAT =
  'Incorrect format used for image. Should be an url linking to an image, a base64 string, a local path, ' +
  'the bytes of a file, a Blob or Response, an image, video, canvas, bitmap or frame of a page, ' +
  'or { data, width, height } with 1, 3 or 4 bytes a pixel.';

const MODES = { 1: 'L', 3: 'RGB', 4: 'RGBA' } as const;

/** What pixels are to Pillow. Throws TypeError unless there are 1, 3 or 4 bytes for each. */
function rawOf({ data, width, height }: Pixels): RawImage {
  const mode = MODES[((data?.length ?? 0) / (width * height)) as 1 | 3 | 4];
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray) || !mode)
    throw new TypeError(WRONG_FORMAT);
  return { mode, width, height, data };
}
