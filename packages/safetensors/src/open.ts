// Opens a safetensors file: reads its header at once, and tensors (or rows of one) when asked.
// Nothing is cached and no dtype is converted.
import { asArray, type FileDType, layoutOf, type TensorData } from './dtype.ts';
import { parseHeader, type TensorInfo } from './header.ts';
import type { ByteSource } from './source.ts';

/** A tensor's elements, row-major. */
export interface StoredTensor {
  /** The file's name of the dtype: 'F32', 'BF16'. */
  readonly dtype: FileDType;
  /** The size of each axis; [] is a scalar's. */
  readonly shape: readonly number[];
  /** May be a view of the source's memory: copy it before writing to it. */
  readonly data: TensorData;
}

/** A file, or the shards of one model, whose header has been read. */
export interface SafetensorsFile {
  /** The header's `__metadata__`; HF's files hold `format: "pt"`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What the header says of each tensor, by name, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /**
   * Reads one tensor, or only rows [begin, end) of its first axis: only their bytes are read.
   *
   * Throws when the file has no such tensor or the tensor no such rows.
   */
  read(name: string, rows?: readonly [begin: number, end: number]): Promise<StoredTensor>;
  /** Closes the source. */
  close(): Promise<void>;
}

/**
 * Reads and checks the header of a safetensors file; tensors are read later, by `read`.
 *
 * The file takes over `source`: closing it closes the source, and so does failing to open.
 * Throws on everything Python's library refuses, and on repeated keys.
 * @param options.maxHeaderBytes a longer header is refused; the default is the Rust library's.
 */
export async function openSafetensors(
  source: ByteSource,
  options: { maxHeaderBytes?: number } = {},
): Promise<SafetensorsFile> {
  const name = source.name ?? 'safetensors file';
  const close = async (): Promise<void> => source.close?.();
  try {
    const dataStart = 8 + (await headerLength(source, name, options.maxHeaderBytes ?? 100_000_000));
    const header = await source.read(8, dataStart - 8);
    const { metadata, tensors, dataBytes } = parseHeader(header, `${name}: header`);
    expectSize(name, source.size - dataStart, dataBytes);
    const read: SafetensorsFile['read'] = async (key, rows) => {
      const info = tensors.get(key);
      if (info === undefined)
        throw new Error(`${name}: no tensor ${JSON.stringify(key)} among its ${tensors.size}`);
      const { dtype, shape, begin, end } = rows === undefined ? info : rowsOf(key, info, rows);
      const bytes = await source.read(dataStart + begin, end - begin);
      if (bytes.length !== end - begin)
        throw new Error(
          `${name} is truncated: ${bytes.length} bytes of tensor ${JSON.stringify(key)}, expected ${end - begin}`,
        );
      return { dtype, shape, data: asArray(dtype, bytes) };
    };
    return { metadata, tensors, read, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The length of the JSON header, from the first 8 bytes; nothing of that size is allocated yet. */
async function headerLength(source: ByteSource, name: string, most: number): Promise<number> {
  if (source.size < 8)
    throw new RangeError(`${name} is truncated: it has ${source.size} bytes, expected at least 8`);
  const first = await source.read(0, 8);
  const view = new DataView(first.buffer, first.byteOffset, 8);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(most))
    throw new RangeError(`${name}: a header of ${length} bytes, expected at most ${most}`);
  if (length > BigInt(source.size - 8))
    throw new RangeError(
      `${name} is truncated: a header of ${length} bytes is promised, the file has ${source.size - 8} left`,
    );
  return Number(length);
}

function expectSize(name: string, found: number, expected: number): void {
  if (found < expected)
    throw new RangeError(
      `${name} is truncated: it has ${found} bytes of tensor data, expected ${expected}`,
    );
  if (found > expected)
    throw new RangeError(
      `${name}: ${found} bytes of tensor data, expected the ${expected} that its tensors cover`,
    );
}

/** The part of a tensor that holds rows [first, last) of its first axis. */
function rowsOf(name: string, info: TensorInfo, rows: readonly [number, number]): TensorInfo {
  const [first, last] = rows;
  const [height, ...rest] = info.shape;
  const of = `tensor ${JSON.stringify(name)}: rows [${first}, ${last})`;
  if (height === undefined) throw new RangeError(`${of} of a scalar, expected a tensor with rows`);
  const whole = Number.isSafeInteger(first) && Number.isSafeInteger(last);
  if (!whole || first < 0 || first > last || last > height)
    throw new RangeError(`${of}, expected a range within [0, ${height})`);
  const row = height === 0 ? 0 : (info.end - info.begin) / height;
  const begin = info.begin + first * row;
  const end = info.begin + last * row;
  // Elements of 4 and 6 bits do not always end a row at a byte.
  if (!Number.isInteger(begin) || !Number.isInteger(end))
    throw new RangeError(
      `${of} of ${layoutOf(info.dtype).bits}-bit elements, expected a range of whole bytes`,
    );
  return { dtype: info.dtype, shape: [last - first, ...rest], begin, end };
}
