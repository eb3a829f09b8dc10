// Whether bytes are what the hub's ETag says of them. Needs Node's streaming hashes: what a page can do, with the whole
// value in memory, is in blob-store.ts.
import { node } from '../runtime/node.ts';

/** Bytes on their way. */
export interface Digest {
  update(chunk: Uint8Array): void;
  /** The name that they have after all: a sha256, or git's sha1 of a blob. */
  name(): string;
}

/** What makes names of the kind of `etag`: the sha256 of large files, git's sha1 of small ones, of which the size must be known. */
export function digestLike(etag: string, size: number | undefined): Digest | undefined {
  const { createHash } = node('node:crypto');
  const git = /^[0-9a-f]{40}$/.test(etag);
  if (git ? size === undefined : !/^[0-9a-f]{64}$/.test(etag)) return undefined;
  const hash = createHash(git ? 'sha1' : 'sha256');
  if (git) hash.update(`blob ${size}\0`);
  return { update: (chunk) => void hash.update(chunk), name: () => hash.digest('hex') };
}

/** What a sha256 looks like, for values that nobody has named. */
export const SHA256 = '0'.repeat(64);

/** Feeds a file to a digest, piece by piece. */
export async function digestFile(path: string, digest: Digest): Promise<void> {
  const file = await node('node:fs/promises').open(path, 'r');
  try {
    const piece = new Uint8Array(2 ** 20);
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, piece.length, null);
      if (bytesRead === 0) return;
      digest.update(piece.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
