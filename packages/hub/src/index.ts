// The files of a model, wherever they are. Knows nothing of what is in them, but JSON.
/** @module @siglip-ts/hub */
export { companions } from './files/companions.ts';
export { folderFiles } from './files/folder.ts';
export type { FileLimits } from './files/limits.ts';
export { readConfig, readJson, type JsonObject } from './files/json.ts';
export {
  inSubfolder,
  mapFiles,
  missingFile,
  type FileMap,
  type ModelFiles,
} from './files/model-files.ts';
export { filesOf, modelFiles, within, type ModelSource } from './files/model-source.ts';
export { addressFiles, HUB_OPTIONS, hubFiles, type HubOptions } from './server/hub.ts';
export type { ProgressInfo } from './server/progress.ts';
export type { FileCache } from './stores/blob-store.ts';
export {
  type BadFile,
  type CachedModel,
  type CacheVerdict,
  listCache,
  type Pruned,
  pruneCache,
  verifyCache,
} from './stores/upkeep.ts';
