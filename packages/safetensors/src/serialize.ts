// Writes a safetensors file byte for byte as Python's `save` does: in memory, or its header for a caller who writes the rest.
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
  for (const [name, tensor] of tensors) expectData(name, tensor);
  const { header, order, dataBytes } = serializeHeader(tensors, metadata);
  const file = new Uint8Array(header.length + dataBytes);
  file.set(header);
  let at = header.length;
  for (const name of order) {
    const { data } = tensors.get(name)!;
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/**
 * The first bytes of that file, and the names in the `order` in which the tensors' bytes follow: `dataBytes` in all. For
 * files that are larger than memory: each tensor's bytes are then the caller's to write.
 */
export function serializeHeader(
  tensors: ReadonlyMap<string, Omit<StoredTensor, 'data'>>,
  metadata?: ReadonlyMap<string, string>,
): {
  /** The first bytes of the file, its length before them. */
  header: Uint8Array;
  /** In which the tensors' bytes follow. */
  order: string[];
  /** How many bytes they are in all. */
  dataBytes: number;
} {
  const sorted = [...tensors].map(([name, info]) => {
    const { dtype, shape } = info;
    expectInfo(name, info);
    const bytes = Number(bitsOf(dtype, shape)) / 8;
    if (!Number.isSafeInteger(bytes))
      throw new RangeError(
        `serialize: tensor ${JSON.stringify(name)}: ${dtype} [${shape}], expected a shape that fills whole bytes`,
      );
    return { name, dtype, shape, bytes, rank: fileDTypes.indexOf(dtype), key: encodeUtf8(name) };
  });
  sorted.sort((a, b) => b.rank - a.rank || compareBytes(a.key, b.key));

  let end = 0;
  const members = sorted.map(({ name, dtype, shape, bytes }) => {
    const begin = end;
    end += bytes;
    return `${quote(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`;
  });
  if (metadata !== undefined) members.unshift(`"__metadata__":${jsonOf(metadata)}`);
  const json = encodeUtf8(`{${members.join(',')}}`);
  const padded = Math.ceil(json.length / 8) * 8;

  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(json, 8);
  return { header, order: sorted.map(({ name }) => name), dataBytes: end };
}

function expectInfo(name: string, { dtype, shape }: Omit<StoredTensor, 'data'>): void {
  const of = `serialize: tensor ${JSON.stringify(name)}`;
  if (name === '__metadata__')
    throw new Error(`${of}: the name is reserved for the metadata, expected another`);
  if (!isFileDType(dtype))
    throw new TypeError(`${of}: dtype ${JSON.stringify(dtype)}, expected one such as "F32"`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw new RangeError(`${of}: shape [${shape}], expected whole numbers`);
}

function expectData(name: string, tensor: StoredTensor): void {
  expectInfo(name, tensor);
  const { dtype, shape, data } = tensor;
  const of = `serialize: tensor ${JSON.stringify(name)}`;
  const { array } = layoutOf(dtype);
  if (!(data instanceof array))
    throw new TypeError(`${of}: the wrong kind of data, expected ${array.name} for ${dtype}`);
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
