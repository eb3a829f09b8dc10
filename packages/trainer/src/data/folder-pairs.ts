// A folder with captions.jsonl: a row for each picture, { "file_name": "dog.jpg", "text": "a dog" }, as in HF's image
// folders (also "image", "caption", and a list of "captions").
import { join } from 'node:path';
import { captionsOf } from './captions.ts';
import { type DataLimits, expectWithin, readData } from './limits.ts';
import type { Shard } from './pair.ts';

export async function folderShard(folder: string, limits: DataLimits): Promise<Shard> {
  const bytes = await readData(join(folder, 'captions.jsonl'), 'captions', limits);
  const rows = new TextDecoder()
    .decode(bytes)
    .split('\n')
    .map((line, i) => [line.trim(), i + 1] as const)
    .filter(([line]) => line !== '');
  return {
    name: folder,
    size: rows.length,
    async read(i) {
      const [line, number] = rows[i]!;
      const where = `${folder}/captions.jsonl:${number}`;
      try {
        expectWithin(line.length, 'caption', limits);
        const row: unknown = JSON.parse(line);
        if (typeof row !== 'object' || row === null) throw new TypeError('expected an object');
        const file = fileOf(row as Record<string, unknown>);
        const image = await readData(join(folder, file), 'picture', limits);
        return { name: `${folder}/${file}`, image, captions: captionsOf(row) };
      } catch (error) {
        throw new Error(`${where}: ${(error as Error).message}`);
      }
    },
  };
}

/** A name that stays within the folder. */
function fileOf(row: Record<string, unknown>): string {
  const file = row.file_name ?? row.image;
  if (typeof file !== 'string') throw new TypeError('expected a file_name');
  if (/^[/\\]|^[a-z]:|\0/i.test(file) || file.split(/[/\\]/).includes('..'))
    throw new Error(`file_name ${JSON.stringify(file)}: expected a path within the folder`);
  return file;
}
