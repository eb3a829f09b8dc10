// Brings one file of a model into the cache, or finds that it need not. What is done with its bytes is hub.ts's business.
import { type FileLimits, limitOf } from '../files/limits.ts';
import type { BlobStore } from '../stores/blob-store.ts';
import { type HubCached, readHubCache } from '../stores/hub-cache.ts';
import { folderOf, isCommit, type Kept, readRef, type Ref, writeRef } from '../stores/refs.ts';
import type { Answer, Failed } from './answer.ts';
import { attemptsOf, heed, unlessAborted } from './attempts.ts';
import type { Connection } from './connection.ts';
import { download } from './download.ts';
import type { ProgressInfo } from './progress.ts';
import { ask, type Known } from './request.ts';

/** Where a file is: in our cache, in that of the hub's own client, or nowhere. */
export type Found = Ref | HubCached;

/** A model that is being loaded. */
export interface Loading {
  readonly remote: Connection;
  /** Never asks. */
  readonly offline: boolean;
  /** Whether the cache of the hub's own client is read. */
  readonly shared: boolean;
  readonly limits: FileLimits | undefined;
  readonly progress: ((info: ProgressInfo) => void) | undefined;
  /** What the server answered for files that are not there. */
  readonly absences: Map<string, string>;
}

/** The copy at hand, and whether it will do without asking. */
export async function atHand(
  { remote, offline, shared }: Loading,
  store: BlobStore,
  file: string,
): Promise<{ found: Found; settled: boolean } | undefined> {
  const { revision, commit } = remote;
  const exact = commit === undefined ? undefined : await readRef(remote, store, file, commit);
  if (exact !== undefined) return { found: exact, settled: true };
  const own = await readRef(remote, store, file, revision);
  const found = own ?? (shared ? await readHubCache(remote, file) : undefined);
  if (found === undefined) return undefined;
  const current = commit !== undefined && found.commit === commit;
  return { found, settled: offline || isCommit(revision) || current };
}

/** What to ask about a copy with. */
export const knownOf = (found: Found | undefined): Known => ({
  ...(found && 'etag' in found && found.etag && { etag: found.etag }),
  ...(found && !('missing' in found) && found.commit && { commit: found.commit }),
});

/** Finds the file in the cache or brings it there. */
export async function locate(loading: Loading, store: BlobStore, file: string): Promise<Found> {
  const { remote, offline, progress } = loading;
  remote.signal?.throwIfAborted();
  const about = { name: remote.name, file };
  progress?.({ status: 'initiate', ...about });
  const copy = await atHand(loading, store, file);
  if (copy === undefined && offline)
    throw new Error(
      `${remote.name}: ${file}${remote.hub ? ` at revision ${remote.revision}` : ''} is not in the cache, ` +
        'expected it there with local_files_only',
    );
  let found: Found;
  if (copy) found = copy.settled ? copy.found : await refresh(loading, store, file, copy.found);
  else
    found = await inTurn(remote, store, file, async () => {
      const brought = await atHand(loading, store, file); // by who was before
      return brought?.settled ? brought.found : refresh(loading, store, file, brought?.found);
    });
  if (!('missing' in found)) progress?.({ status: 'done', ...about });
  return found;
}

/** Files that are on their way into a store that others have too. */
const arriving = new Map<string, Promise<unknown>>();

/** Of several loads of a file that no copy is of, one brings it, and then the next looks again. */
async function inTurn<T>(
  { place, revision, signal }: Connection,
  { name }: BlobStore,
  file: string,
  bring: () => Promise<T>,
): Promise<T> {
  if (name === undefined) return bring();
  const key = JSON.stringify([name, place, revision, file]);
  while (arriving.has(key)) await unlessAborted(arriving.get(key)!, signal);
  const done = bring();
  const over = done.then(
    () => arriving.delete(key),
    () => arriving.delete(key),
  );
  arriving.set(key, over);
  return done;
}

/** Asks the server, again while that fails, and records its answer; `cached` is the copy at hand. */
async function refresh(
  loading: Loading,
  store: BlobStore,
  file: string,
  cached: Found | undefined,
): Promise<Found> {
  const { remote, absences } = loading;
  let failure = new Error(`${remote.name}: ${remote.retry.attempts} attempts, expected at least 1`);
  for await (const attempt of attemptsOf(remote)) {
    const before = remote.commit;
    const answer = await ask(remote, remote.urlOf(file), knownOf(cached));
    const told = commitOf(answer);
    remote.commit = told ?? before;
    // A page does not see of which commit an answer is that comes from a storage: it is of the last one or a later.
    const commit = told ?? (remote.inPage ? before : undefined);
    if (answer.kind === 'unchanged' && cached !== undefined) {
      // So that the files of this commit, too, need no asking.
      if (commit && 'key' in cached && cached.commit !== commit)
        await writeRef(remote, store, file, { ...cached, commit }, told);
      return cached;
    }
    if (answer.kind === 'missing') {
      absences.set(file, answer.why);
      const ref = { missing: true, ...(commit && { commit }) } as const;
      return answer.certain ? writeRef(remote, store, file, ref, told) : ref;
    }
    let failed: Failed | undefined;
    if (answer.kind === 'found') {
      const ref = await bring(loading, store, file, answer, commit);
      if (!('kind' in ref)) return writeRef(remote, store, file, ref, told);
      failed = ref;
    }
    if (answer.kind === 'failed') {
      failed = answer;
      if (cached !== undefined) return outdated(remote, file, cached, answer.why); // Offline, most likely: no reason to wait.
    }
    if (failed === undefined) continue; // "unchanged", though nothing was known.
    failure = failed.why;
    heed(remote, attempt, failed);
  }
  if (cached === undefined) throw failure;
  return outdated(remote, file, cached, failure);
}

function outdated({ name, warn }: Connection, file: string, cached: Found, why: Error): Found {
  warn(`${name}: using the cached ${file}, perhaps out of date: ${why.message}`);
  return cached;
}

function commitOf(answer: Answer): string | undefined {
  const commit = answer.kind === 'found' ? answer.version.commit : 'commit' in answer ? answer.commit : undefined; // prettier-ignore
  return isCommit(commit) ? commit : undefined;
}

/** Downloads the answered file, telling of the progress. */
async function bring(
  { remote, limits, progress }: Loading,
  store: BlobStore,
  file: string,
  answer: Extract<Answer, { kind: 'found' }>,
  commit: string | undefined,
): Promise<Kept | Failed> {
  const about = { name: remote.name, file };
  progress?.({ status: 'download', ...about });
  const folder = folderOf(remote, file);
  const stored = await download(
    remote,
    store,
    folder,
    answer,
    limitOf(file, limits),
    (loaded, total) =>
      progress?.({ status: 'progress', ...about, progress: (100 * loaded) / total, loaded, total }),
  );
  if ('kind' in stored) return stored;
  const { etag } = answer.version;
  return { ...stored, ...(etag && { etag }), ...(commit && { commit }) };
}
