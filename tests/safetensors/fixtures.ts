// The files of fixtures/safetensors and what Python says of them.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FileDType } from '@siglip-ts/safetensors';

export interface Described {
  readonly sha256: string;
  readonly metadata: Record<string, string>;
  readonly tensors: readonly { name: string; dtype: FileDType; shape: number[]; hex: string }[];
}

interface Reference {
  readonly files: Record<string, Described>;
  readonly sharded: Record<string, [shape: number[], hex: string]>;
}

interface Verdicts {
  readonly cases: readonly [label: string, accepted: boolean, base64: string][];
}

export function fixturePath(file: string): string {
  return fileURLToPath(new URL(`../../fixtures/safetensors/${file}`, import.meta.url));
}

export function fixtureBytes(file: string): Uint8Array {
  return new Uint8Array(readFileSync(fixturePath(file)));
}

export const reference = JSON.parse(
  readFileSync(fixturePath('reference.json'), 'utf8'),
) as Reference;
export const verdicts = JSON.parse(readFileSync(fixturePath('verdicts.json'), 'utf8')) as Verdicts;

export function hexOf(data: ArrayBufferView): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');
}

/** A file around a header written by hand. */
export function fileOf(header: string, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}
