// The bytes of a picture that a text names, or is: a path, a URL, base64.
import { hasFileSystem } from '@siglip-ts/hub/node';
import { bodyOf, readRegular, SILENCE } from '@siglip-ts/hub/reading';
import { type DecodeImageOptions, type ImageDecoder, imageFormat } from '@siglip-ts/image';
import type { All } from '../../runtime/options.ts';
import { AMOUNT, expected, FUNCTION, SECONDS, SECONDS_OR_NULL, SIGNAL } from '../../runtime/values.ts'; // prettier-ignore
import { expectReach, fetchWithin, type ImageReach } from './reach.ts';

export interface ReadOptions extends DecodeImageOptions {
  /** Used for URLs in place of the platform's. */
  fetch?: typeof globalThis.fetch;
  /** Aborts reading, which then rejects with its reason. */
  signal?: AbortSignal | undefined;
  /** Seconds that fetching may take in all; null for no limit. Default: 60. */
  timeout?: number | null | undefined;
  /** Seconds without a byte after which a server is given up. Default: 8. */
  silence?: number | undefined;
  /** The most bytes that a picture's file may have, counted while it is read. Default: 134217728 (128 MiB). */
  maxBytes?: number | undefined;
  /** What a path or an address may reach: for texts that strangers write. Default: all. */
  images?: ImageReach | undefined;
}

const isDecoder = (x: Partial<ImageDecoder> | null): boolean =>
  typeof x?.matches === 'function' && typeof x.decode === 'function';
const DECODERS = expected('a list of { matches, decode }', (x) => Array.isArray(x) && x.every(isDecoder)); // prettier-ignore
const KERNELS = expected('{ inverseDct, … }, or none', (x) => typeof x === 'object');

/** Every one of them. Those of decoding are checked there too, for who calls it alone. */
// prettier-ignore
export const READ: All<ReadOptions> = {
  fetch: FUNCTION, signal: SIGNAL, timeout: SECONDS_OR_NULL, silence: SECONDS, maxBytes: AMOUNT, images: 0, decoders: DECODERS,
  maxPixels: 0, maxScanSamples: 0, maxTextChunk: 0, maxTextMemory: 0, truncated: 0, kernels: KERNELS,
};

/**
 * In this order: http(s), blob and data URLs; where there is a file system, a file; base64 that begins as a picture does;
 * where there is none, what the URL leads to from the page or worker. Throws HF's text where nothing fits.
 */
export async function bytesOfText(text: string, o: ReadOptions): Promise<Uint8Array> {
  expectReach(o.images);
  if (/^https?:\/\//i.test(text)) return download(text, o);
  if (/^blob:/i.test(text))
    return download(text, { ...o, fetch: globalThis.fetch, images: undefined }); // only this program has it
  if (/^data:/i.test(text)) return ofDataUrl(text);
  const paths = o.images?.paths !== false;
  const file = hasFileSystem() && paths ? await readIfFile(text, o) : undefined;
  if (file) return file;
  const bytes = fromBase64(text);
  if (bytes && isPicture(bytes, o)) return bytes;
  const url = hasFileSystem() ? undefined : fromPage(text);
  if (url) return download(url, o);
  throw new Error(
    'Incorrect image source. Must be a valid URL starting with `http://` or `https://`, a valid path to an image ' +
      `file, or a base64 encoded string. Got ${shortened(text)}. Failed with ` +
      whyNot(bytes, paths),
  );
}

/** Why a text is no picture, by what it is as base64. */
function whyNot(bytes: Uint8Array | undefined, paths: boolean): string {
  if (hasFileSystem() && !paths) return 'images.paths is false';
  if (bytes) return 'the base64 is of no picture';
  return hasFileSystem() ? 'there is no such file' : 'it is not base64';
}

/** What a clock can wait, in seconds: 24 days. */
const LONGEST = 2 ** 31 / 1000 - 1;
/** In seconds: one on a slow phone's network, and not a server's whole day. */
const TIMEOUT = 60;
/** Photos are smaller, and so are those of most cameras' makers; twice of it is in memory for a moment. */
export const MAX_BYTES = 128 * 2 ** 20;

/** The error with a name before its message, if it has one to change; it stays of its kind. */
export function inFront(name: string, error: unknown): unknown {
  const plain =
    error instanceof Error && error.name !== 'AbortError' && error.name !== 'TimeoutError';
  if (plain) error.message = `${name}: ${error.message}`;
  return error;
}

/** A text to show in an error. */
export const shortened = (text: string): string =>
  text.length > 200 ? `${text.slice(0, 200)}…` : text;

const isPicture = (bytes: Uint8Array, { decoders = [] }: ReadOptions): boolean =>
  imageFormat(bytes) !== undefined || decoders.some((decoder) => decoder.matches(bytes));

/** The bytes behind a URL. Throws Error for an answer that is none. */
export async function download(
  url: string,
  o: ReadOptions,
  init: Pick<RequestInit, 'credentials'> = {},
): Promise<Uint8Array> {
  const { timeout = TIMEOUT, silence = SILENCE, maxBytes = MAX_BYTES } = o;
  const late = timeout === null || timeout > LONGEST ? undefined : AbortSignal.timeout(timeout * 1000); // prettier-ignore
  const signals = [o.signal, late].filter((s) => s !== undefined);
  const patience = { silence, signal: signals.length > 0 ? AbortSignal.any(signals) : undefined };
  try {
    const response = await fetchWithin(url, o, init, patience);
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    return await bodyOf(response, maxBytes, 'maxBytes', patience);
  } catch (error) {
    o.signal?.throwIfAborted();
    const why = late?.aborted ? new Error(`not there within ${timeout} s; the option timeout says how long`) : error; // prettier-ignore
    throw Object.assign(inFront(shortened(url), why) as Error, late?.aborted && { name: 'TimeoutError' }); // prettier-ignore
  }
}

/** data:[type][;base64],… of any type. Not fetched: a page's policy may forbid that. */
function ofDataUrl(text: string): Uint8Array {
  const comma = text.indexOf(',');
  if (comma < 0) throw new Error('a data URL without a comma');
  const [head, body] = [text.slice(0, comma), text.slice(comma + 1)];
  if (!/;\s*base64\s*$/i.test(head)) return percentDecoded(body);
  const character = (_: string, hex: string) => String.fromCharCode(parseInt(hex, 16));
  const bytes = fromBase64(body.replace(/%([\da-f]{2})/gi, character));
  if (!bytes) throw new Error('a data URL that is not base64');
  return bytes;
}

function percentDecoded(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes[i] === 0x25 ? String.fromCharCode(...bytes.subarray(i + 1, i + 3)) : '';
    const hex = /^[\da-f]{2}$/i.test(code);
    bytes[length++] = hex ? parseInt(code, 16) : bytes[i]!;
    if (hex) i += 2;
  }
  return bytes.subarray(0, length);
}

/** Where a relative URL leads in a page or worker; also an absolute one that only a browser knows. */
function fromPage(text: string): string | undefined {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  return text.trim() !== '' && globalThis.URL?.canParse(text, base)
    ? new URL(text, base).href
    : undefined;
}

/** The bytes of a file, undefined where there is no such file. */
async function readIfFile(text: string, o: ReadOptions): Promise<Uint8Array | undefined> {
  try {
    const path = /^file:/i.test(text) ? new URL(text) : text;
    return await readRegular(path, o.maxBytes ?? MAX_BYTES, 'maxBytes', o.signal);
  } catch (error) {
    const { code } = error as { code?: string };
    if (NO_FILE.includes(code ?? '')) return undefined;
    if (code === 'EISDIR')
      throw Object.assign(new Error(`${text}: a folder, expected a picture`), { code });
    throw error;
  }
}

const NO_FILE = ['ENOENT', 'ENAMETOOLONG', 'ENOTDIR', 'ERR_INVALID_ARG_VALUE'];

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Uint8Array(128);
for (let i = 0; i < 64; i++) VALUES[DIGITS.charCodeAt(i)] = i;

/** As atob, which small engines lack; undefined where that throws. */
function fromBase64(text: string): Uint8Array | undefined {
  const [whole, digits = '', end] =
    /^([A-Za-z0-9+/]+)(={0,2})$/.exec(text.replace(/\s/g, '')) ?? [];
  if (!whole || digits.length % 4 === 1 || (end && whole.length % 4 !== 0)) return undefined;
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  for (let i = 0, at = 0, bits = 0; i < digits.length; i++) {
    bits = (bits << 6) | VALUES[digits.charCodeAt(i)]!;
    if (i % 4 > 0) bytes[at++] = bits >> (6 - 2 * (i % 4));
  }
  return bytes;
}
