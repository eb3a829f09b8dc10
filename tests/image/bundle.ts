// Reads the bundles that fixtures/make/image_bundle.py writes, and hashes pixels as it does.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pixelKernels } from '@siglip-ts/backend-wasm/pixels';

export const FIXTURES = join(import.meta.dirname, '../../fixtures');

/** What pictures may be computed with: the goldens are tested on both. */
export const WAYS = [
  { way: 'loops', kernels: undefined },
  { way: 'kernels', kernels: pixelKernels() },
];

/** Folders with bundles of the same shape but more cases, for one-off runs: IMAGE_BUNDLES=DIR,DIR */
const MORE = process.env['IMAGE_BUNDLES']?.split(',') ?? [];

/** Every folder that holds a file of that name: the committed one first. */
export function foldersWith(file: string): string[] {
  return [join(FIXTURES, 'image'), ...MORE].filter((folder) => existsSync(join(folder, file)));
}

export function readJson<T>(folder: string, name: string): T {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
}

export function readBytes(...path: string[]): Uint8Array {
  return new Uint8Array(readFileSync(join(...path)));
}

export function sha256(data: ArrayBufferView): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return createHash('sha256').update(bytes).digest('hex');
}
