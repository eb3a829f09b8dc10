// The cache of the hub's own client, huggingface_hub: what Python has downloaded is read there and never written to.
// models--org--name/refs/main names a commit, snapshots/<commit>/<file> is a link to blobs/<etag>.
import { ifThere, textOfRecord } from '../files/folder.ts';
import { hubCache } from '../runtime/environment.ts';
import { node } from '../runtime/node.ts';
import type { Connection } from '../server/connection.ts';
import { isCommit } from './refs.ts';

/** A file in that cache, or that the model has no such file. */
export type HubCached =
  | { readonly path: string; readonly etag?: string; readonly commit: string }
  | { readonly missing: true; readonly commit: string };

/** The file at the revision, as far as that cache knows. */
export async function readHubCache(
  { hub, revision }: Connection,
  file: string,
): Promise<HubCached | undefined> {
  const root = hubCache();
  if (root === undefined || hub === undefined) return undefined;
  const { realpath, stat } = node('node:fs/promises');
  const { basename, dirname, join } = node('node:path');
  const folder = join(root, `models--${hub.id.replace('/', '--')}`);
  try {
    const commit = isCommit(revision)
      ? revision
      : (await ifThere(textOfRecord(join(folder, 'refs', revision))))?.trim();
    if (commit === undefined || !isCommit(commit)) return undefined;
    const path = await ifThere(realpath(join(folder, 'snapshots', commit, file)));
    if (path !== undefined && (await stat(path)).isFile()) {
      // Where links are not allowed, as on Windows, the file itself lies there, and only its commit is known.
      const linked = basename(dirname(path)) === 'blobs';
      return { path, commit, ...(linked && { etag: basename(path) }) };
    }
    const missing = await ifThere(stat(join(folder, '.no_exist', commit, file)));
    return missing && { missing: true, commit };
  } catch {
    return undefined; // Not ours to read: then it is not there.
  }
}
