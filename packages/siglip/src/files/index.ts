// Where the files of a model come from: a folder, a map of bytes, or the Hugging Face hub.
import { folderFiles, isFolder } from './folder.ts';
import { hubFiles, isHubId, type HubOptions } from './hub.ts';
import { mapFiles, type FileMap, type ModelFiles } from './model-files.ts';

export { companions } from './companions.ts';
export { folderFiles } from './folder.ts';
export { hubFiles, type HubOptions, type ProgressInfo } from './hub.ts';
export { mapFiles, type FileMap, type ModelFiles } from './model-files.ts';
export type { FileCache } from './store.ts';

/**
 * The files that `source` means: a map of bytes, the path of an existing folder, or else a hub id
 * such as `google/siglip-base-patch16-224`.
 *
 * Throws HF's OSError message when it is none of these. `options` matter to the hub only.
 */
export async function modelFiles(
  source: string | FileMap,
  options: HubOptions = {},
): Promise<ModelFiles> {
  if (typeof source !== 'string') return mapFiles(source);
  if (await isFolder(source)) return folderFiles(source);
  if (isHubId(source)) return hubFiles(source, options);
  throw new Error(
    `Incorrect path_or_model_id: '${source}'. Please provide either the path to a local folder ` +
      'or the repo_id of a model on the Hub.',
  );
}
