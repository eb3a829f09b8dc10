// Checkpoints of a run: folders step-000100 in HF layout that also hold what resuming needs. A folder is written under
// another name and renamed when it is whole, so that a run killed at any moment leaves only whole ones.
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const STEP = /^step-(\d+)$/;
const PARTIAL = '.partial-';

/** Writes a checkpoint of `step` into `out`, and removes all but the newest `keep`. Gives its folder. */
export async function saveCheckpoint(
  out: string,
  step: number,
  files: ReadonlyMap<string, Uint8Array>,
  keep: number,
): Promise<string> {
  await mkdir(out, { recursive: true });
  for (const name of await readdir(out))
    if (name.startsWith(PARTIAL)) await rm(join(out, name), { recursive: true, force: true });
  const partial = join(out, `${PARTIAL}${randomUUID()}`);
  await mkdir(partial);
  for (const [name, bytes] of files) await writeWhole(join(partial, name), bytes);
  const folder = join(out, `step-${String(step).padStart(6, '0')}`);
  const before = await checkpoints(out);
  for (const { path } of before) if (path === folder) await discard(path);
  await rename(partial, folder);
  for (const { path } of (await checkpoints(out)).slice(keep)) await discard(path);
  return folder;
}

/** Renamed before it is removed: a run may be killed while its files go one by one. */
async function discard(path: string): Promise<void> {
  const gone = join(dirname(path), `${PARTIAL}${randomUUID()}`);
  await rename(path, gone);
  await rm(gone, { recursive: true });
}

/** On the disk, not only on its way there. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The checkpoints in a folder, the newest first; none where there is no such folder. */
export async function checkpoints(out: string): Promise<
  {
    /** How many steps it has. */
    step: number;
    /** Its folder. */
    path: string;
  }[]
> {
  const names = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .flatMap((name) => {
      const match = STEP.exec(name);
      return match ? [{ step: Number(match[1]), path: join(out, name) }] : [];
    })
    .sort((a, b) => b.step - a.step);
}
