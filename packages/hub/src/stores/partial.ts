// Partial files beside the blobs of a folder on disk: who writes one, and which have lost their writer. The name says the
// owner, so that what a killed process left is known at once; where that cannot be told, its age decides.
import { ifThere } from '../files/folder.ts';
import { node } from '../runtime/node.ts';
import { uniqueName } from './key.ts';

/** What nobody wrote to for so long, in ms, has no writer, wherever that ran: fetch gives up after 5 minutes. */
const ABANDONED = 600_000;

/** For what nothing names, in ms since it was last read: a process may still read it, or come back to it. */
export const UNUSED = 2 * 86_400_000;

/** Of a process that has the id of an earlier one, as the first of a container that was started again. */
let ownRun: string | undefined;
/** Made when it is asked for: edge workers have no randomness while they load. */
const runName = (): string => (ownRun ??= uniqueName().slice(0, 8));
let parts = 0;

/** Where process ids mean the same: a machine, and on Linux a namespace of it, as containers have. */
let place: Promise<string> | undefined;
async function whereProcessesAre(): Promise<string> {
  const space = await node('node:fs/promises')
    .readlink('/proc/self/ns/pid')
    .catch(() => '');
  const name = `${node('node:os').hostname()} ${space}`;
  return node('node:crypto').createHash('sha256').update(name).digest('hex').slice(0, 8);
}

const OWNED = /\.part-.*-([0-9a-f]{8})\.(\d+)\.(.{8})\.\d+$/;
const PART = /\.part-/;

/** The start of the names of the partial files of `path` with what `tag` names. */
export const partPrefix = (path: string, tag: string): string => `${path}.part-${tag}-`;

/** A name for one that this process begins to write. */
export const newPart = async (prefix: string): Promise<string> =>
  `${prefix}${await (place ??= whereProcessesAre())}.${process.pid}.${runName()}.${parts++}`;

/** Leaves it for the next to go on from at once. */
export async function leave(part: string): Promise<void> {
  await ifThere(node('node:fs/promises').utimes(part, Date.now() / 1000, 0));
}

/** Takes over what an earlier writer left, as `part`, if there is any. Of several takers one succeeds. */
export async function claim(prefix: string, part: string): Promise<void> {
  const { rename, utimes } = node('node:fs/promises');
  const { dirname } = node('node:path');
  for (const left of await orphans(dirname(part))) {
    if (!left.path.startsWith(prefix)) continue;
    const now = Date.now() / 1000;
    try {
      await utimes(left.path, now, now); // First: under its new name it must not look abandoned.
      await rename(left.path, part);
      return;
    } catch {
      // Another took it, or may write here and we may not: then this download starts from nothing.
    }
  }
}

/** A partial file that nobody writes to. */
export interface Orphan {
  readonly path: string;
  readonly size: number;
  /** Its writer did not leave it to be gone on from, or so long ago that nobody will. */
  readonly lost: boolean;
}

/** Those in a folder. */
export async function orphans(folder: string): Promise<Orphan[]> {
  const { readdir, stat } = node('node:fs/promises');
  const { join } = node('node:path');
  const found: Orphan[] = [];
  for (const name of (await readdir(folder)).filter((name) => PART.test(name))) {
    const path = join(folder, name);
    const s = await ifThere(stat(path));
    if (s === undefined) continue;
    if (Date.now() - s.mtimeMs < ABANDONED && !(await isDead(name))) continue;
    found.push({ path, size: s.size, lost: s.mtimeMs > 0 || Date.now() - s.atimeMs > UNUSED });
  }
  return found;
}

/** Whether the process that the name tells of is known to be no more. */
async function isDead(name: string): Promise<boolean> {
  const [, where, pid, run] = OWNED.exec(name) ?? [];
  if (where === undefined || where !== (await (place ??= whereProcessesAre()))) return false;
  if (Number(pid) === process.pid) return run !== runName();
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
