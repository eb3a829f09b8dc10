// A folder for each class, with pictures in it: cats/1.jpg, dogs/2.png. As pairs whose caption is the folder's name.
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { type DataLimits, readData } from './limits.ts';
import { PICTURES, type Shard } from './pair.ts';

const isPicture = (file: string): boolean =>
  PICTURES.includes(extname(file).slice(1).toLowerCase());

/** The classes in alphabetical order, and their pictures. Throws where there are fewer than two classes. */
export async function openClasses(
  folder: string,
  limits: DataLimits = {},
): Promise<{
  /** The folders' names: class i is classes[i]. */
  classes: string[];
  /** Each picture with its class for a caption. */
  shard: Shard;
}> {
  const entries = await readdir(folder, { withFileTypes: true });
  const classes = entries.filter((e) => e.isDirectory()).map((e) => e.name).sort(); // prettier-ignore
  if (classes.length < 2)
    throw new Error(
      `${folder}: ${classes.length} folders, expected one for each class, at least 2`,
    );
  const pictures: { path: string; name: string }[] = [];
  for (const name of classes) {
    const files = (await readdir(join(folder, name))).filter(isPicture).sort();
    if (files.length === 0)
      throw new Error(
        `${join(folder, name)}: no pictures, expected names in ${PICTURES.join(', ')}`,
      );
    for (const file of files) pictures.push({ path: join(folder, name, file), name });
  }
  return {
    classes,
    shard: {
      name: folder,
      size: pictures.length,
      async read(i) {
        const { path, name } = pictures[i]!;
        return { name: path, image: await readData(path, 'picture', limits), captions: [name] };
      },
    },
  };
}
