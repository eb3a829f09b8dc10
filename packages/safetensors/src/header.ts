// The JSON header of a safetensors file, read and checked: every tensor has the bytes its shape
// needs, and they lie end to end. Whether the file is as long as that is for the opener to check.
import { bitsOf, bytesOf, type FileDType, isFileDType } from './dtype.ts';
import { JsonReader } from './json.ts';
import { decodeUtf8 } from './utf8.ts';

/** What the header says of one tensor. */
export interface TensorInfo {
  /** The file's name of the dtype: 'F32', 'BF16'. */
  readonly dtype: FileDType;
  /** The size of each axis; [] is a scalar's. */
  readonly shape: readonly number[];
  /** Its bytes are [begin, end), counted from the end of the header: the file's data_offsets. */
  readonly begin: number;
  /** Where its bytes end, from the end of the header. */
  readonly end: number;
}

/** What stands before the numbers of a file. */
export interface Header {
  /** `__metadata__`, strings by name. */
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** How many bytes of data they cover together. */
  readonly dataBytes: number;
}

/**
 * Parses and checks a header, without its 8-byte length. Refuses what the Rust library refuses, and
 * what the format forbids although that library lets it pass: repeated keys and a leading space.
 * @param what what errors call the header.
 */
export function parseHeader(bytes: Uint8Array, what: string): Header {
  const text = decodeUtf8(bytes, what);
  if (!text.startsWith('{'))
    throw new Error(`${what}: starts with ${JSON.stringify(text.slice(0, 1))}, expected "{"`);
  const reader = new JsonReader(text, what);
  const metadata = new Map<string, string>();
  const entries: [name: string, info: TensorInfo][] = [];
  reader.object((key) => {
    const tensor = `${what}: tensor ${JSON.stringify(key)}`;
    if (key !== '__metadata__') entries.push([key, readEntry(reader, tensor)]);
    else if (!reader.null()) reader.object((name) => metadata.set(name, reader.string()));
  });
  reader.expectEnd();
  entries.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let dataBytes = 0;
  for (const [name, info] of entries) {
    expectRange(info, dataBytes, `${what}: tensor ${JSON.stringify(name)}`);
    dataBytes = info.end;
  }
  return { metadata, tensors: new Map(entries), dataBytes };
}

/**
 * `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`; unknown members are passed over.
 */
function readEntry(reader: JsonReader, tensor: string): TensorInfo {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  const integers = (): number[] => {
    const list: number[] = [];
    reader.array(() => list.push(reader.integer()));
    return list;
  };
  reader.object((key) => {
    if (key === 'dtype') dtype = reader.string();
    else if (key === 'shape') shape = integers();
    else if (key === 'data_offsets') offsets = integers();
    else reader.skip();
  });
  if (dtype === undefined || shape === undefined || offsets === undefined)
    throw new Error(`${tensor}: a part is missing, expected dtype, shape and data_offsets`);
  if (!isFileDType(dtype))
    throw new TypeError(`${tensor}: dtype ${JSON.stringify(dtype)}, expected one such as "F32"`);
  const [begin, end] = offsets;
  if (offsets.length !== 2 || begin === undefined || end === undefined)
    throw new Error(`${tensor}: ${offsets.length} data_offsets, expected 2`);
  return { dtype, shape, begin, end };
}

/** Throws unless the tensor begins where the one before it ended and its shape fills its bytes. */
function expectRange(
  { dtype, shape, begin, end }: TensorInfo,
  start: number,
  tensor: string,
): void {
  if (begin !== start || end < begin)
    throw new RangeError(
      `${tensor}: data_offsets [${begin}, ${end}], expected a range that starts at ${start}, ` +
        'where the tensor before it ends',
    );
  const bits = bitsOf(dtype, shape);
  if (bits !== BigInt(end - begin) * 8n)
    throw new RangeError(
      `${tensor}: ${end - begin} bytes, expected ${bytesOf(bits)} for ${dtype} [${shape.slice(0, 8)}]`,
    );
}
