// Stands for folder-store.ts in what is bundled for browsers: where such a bundle runs on Node all the same, files can be
// loaded, but are not kept.
import { type BlobStore, notKept } from './blob-store.ts';

export function folderStore(root: string): BlobStore {
  throw notKept(`${root}: bundled for browsers, where there are no folders`);
}
