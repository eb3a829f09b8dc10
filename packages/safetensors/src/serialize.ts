// Writes a safetensors file in memory, byte for byte what Python's `save` writes.
import { bitsOf, bytesOf, fileDTypes, isFileDType, layoutOf } from './dtype.ts';
import type { StoredTensor } from './open.ts';
import { encodeUtf8 } from './utf8.ts';

/**
 * The bytes of a safetensors file with these tensors.
 *
 * Tensors are written from the widest dtype to the narrowest, then by name, whatever the order of
 * the map; metadata in the map's order (Python's is random). Throws on data that does not fit its
 * shape.
 */
export function serialize(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata?: ReadonlyMap<string, string>,
): Uint8Array {
  const sorted = [...tensors].map(([name, tensor]) => {
    checkTensor(name, tensor);
    return { name, tensor, rank: fileDTypes.indexOf(tensor.dtype), key: encodeUtf8(name) };
  });
  sorted.sort((a, b) => b.rank - a.rank || compareBytes(a.key, b.key));

  let end = 0;
  const members = sorted.map(({ name, tensor: { dtype, shape, data } }) => {
    const begin = end;
    end += data.byteLength;
    return `${quote(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`;
  });
  if (metadata !== undefined) members.unshift(`"__metadata__":${jsonOf(metadata)}`);
  const header = encodeUtf8(`{${members.join(',')}}`);
  const padded = Math.ceil(header.length / 8) * 8;

  const file = new Uint8Array(8 + padded + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.set(header, 8);
  file.fill(0x20, 8 + header.length, 8 + padded);
  let at = 8 + padded;
  for (const { data } of sorted.map((entry) => entry.tensor)) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

function checkTensor(name: string, { dtype, shape, data }: StoredTensor): void {
  const of = `serialize: tensor ${JSON.stringify(name)}`;
  if (name === '__metadata__')
    throw new Error(`${of}: the name is reserved for the metadata, expected another`);
  if (!isFileDType(dtype))
    throw new TypeError(`${of}: dtype ${JSON.stringify(dtype)}, expected one such as "F32"`);
  const { array } = layoutOf(dtype);
  if (!(data instanceof array))
    throw new TypeError(`${of}: the wrong kind of data, expected ${array.name} for ${dtype}`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw new RangeError(`${of}: shape [${shape}], expected whole numbers`);
  const bits = bitsOf(dtype, shape);
  if (bits !== BigInt(data.byteLength) * 8n)
    throw new RangeError(
      `${of}: ${data.byteLength} bytes of data, expected ${bytesOf(bits)} for ${dtype} [${shape}]`,
    );
}

function jsonOf(map: ReadonlyMap<string, string>): string {
  return `{${[...map].map(([key, value]) => `${quote(key)}:${quote(value)}`)}}`;
}

/** A JSON string; JavaScript and Rust escape the same characters. */
function quote(text: string): string {
  if (/\p{Surrogate}/u.test(text))
    throw new Error(
      `serialize: ${JSON.stringify(text)} has a lone surrogate, expected text that UTF-8 can hold`,
    );
  return JSON.stringify(text);
}

/**
 * Rust orders strings by their UTF-8 bytes; JavaScript's `<` orders by UTF-16 units, which differs.
 */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
