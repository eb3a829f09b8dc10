// A tar file in webdataset's layout: files of one pair share their name up to the first dot, dog.jpg with dog.txt (a
// caption a line) or dog.json. One tar file is in memory at a time, the one that was read last.
import { isUtf8 } from 'node:buffer';
import { parseTar, type TarFileItem } from 'nanotar';
import { captionsOf } from './captions.ts';
import { type DataLimits, expectWithin, readData } from './limits.ts';
import { type Pair, PICTURES, type Shard } from './pair.ts';

let last: { path: string; pairs: Promise<Files[]> } | null = null;

type Files = readonly [name: string, files: ReadonlyMap<string, Uint8Array>];

export async function tarShard(path: string, limits: DataLimits): Promise<Shard> {
  const { length } = await filesOf(path, limits);
  return {
    name: path,
    size: length,
    async read(i) {
      const [name, files] = (await filesOf(path, limits))[i]!;
      try {
        return pairOf(`${path}:${name}`, files, limits);
      } catch (error) {
        throw new Error(`${path}:${name}: ${(error as Error).message}`);
      }
    },
  };
}

function filesOf(path: string, limits: DataLimits): Promise<Files[]> {
  if (last?.path !== path) last = { path, pairs: grouped(path, limits) };
  return last.pairs;
}

async function grouped(path: string, limits: DataLimits): Promise<Files[]> {
  const tar = await readData(path, 'shard', limits);
  let items: TarFileItem[];
  try {
    expectSizes(tar);
    // nanotar reads all of the buffer, which may be a pool with the memory of others.
    const isWhole = tar.length === tar.buffer.byteLength;
    items = parseTar(isWhole ? tar : new Uint8Array(tar));
  } catch (error) {
    throw new Error(`${path}: no tar file: ${(error as Error).message}`);
  }
  const pairs = new Map<string, Map<string, Uint8Array>>();
  for (const { name, data } of items) {
    const parts = /^((?:.*\/)?[^/.]+)\.([^/]+)$/.exec(name);
    if (!parts || !data) continue;
    const files = pairs.get(parts[1]!) ?? new Map<string, Uint8Array>();
    pairs.set(parts[1]!, files.set(parts[2]!.toLowerCase(), data));
  }
  return [...pairs];
}

/** Throws for an entry that is longer than the file, or of no length, at which nanotar ends without a word. */
function expectSizes(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length - 512 && bytes[at] !== 0;) {
    const field = String.fromCharCode(...bytes.subarray(at + 124, at + 136));
    const [octal = ''] = field.trimStart().split(/[\0 ]/);
    const size = /^[0-7]+$/.test(octal) ? parseInt(octal, 8) : NaN;
    const left = bytes.length - at - 512;
    if (!(size <= left))
      throw new RangeError(
        `an entry at byte ${at} has the octal size ${JSON.stringify(octal)}, expected at most ${left} bytes`,
      );
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

function pairOf(name: string, files: ReadonlyMap<string, Uint8Array>, limits: DataLimits): Pair {
  const image = PICTURES.map((ending) => files.get(ending)).find((bytes) => bytes !== undefined);
  if (!image) throw new Error(`no picture, expected one of ${PICTURES.join(', ')}`);
  expectWithin(image.length, 'picture', limits);
  const read = (ending: string) => {
    const bytes = files.get(ending);
    if (bytes) expectWithin(bytes.length, 'caption', limits);
    if (bytes && !isUtf8(bytes)) throw new TypeError(`its .${ending} is not UTF-8`);
    return bytes && new TextDecoder().decode(bytes);
  };
  const [text, json] = [read('txt'), read('json')];
  const captions = captionsOf(
    text === undefined ? JSON.parse(json ?? '{}') : { captions: text.split('\n').filter(Boolean) },
  );
  return { name, image, captions };
}
