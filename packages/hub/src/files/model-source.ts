// Where the files of a model come from: a folder, a map of bytes, the Hugging Face hub, or a folder on any server.
import { hubEndpoint } from '../runtime/environment.ts';
import { hasFileSystem, node } from '../runtime/node.ts';
import { addressOf, hubLink, isHubId } from '../server/addresses.ts';
import { addressFiles, hubFiles, type HubOptions } from '../server/hub.ts';
import { folderFiles, kindAt } from './folder.ts';
import { type FileMap, inSubfolder, mapFiles, type ModelFiles } from './model-files.ts';

/** A folder, a hub id, an address, a map of bytes, or files already resolved. */
export type ModelSource = string | URL | FileMap | ModelFiles;

/**
 * The files that `source` means: a map of bytes, the path of an existing folder, a hub id such as
 * `google/siglip-base-patch16-224` or a link to its page, or the address of a folder on any server
 * (`https://host/models/siglip/`; in a page also `./models/siglip`, relative to it).
 *
 * Throws HF's OSError message when it is none of these. `options` other than `subfolder` matter to servers only.
 */
export async function modelFiles(
  source: string | URL | FileMap,
  options: HubOptions = {},
): Promise<ModelFiles> {
  const { subfolder = '' } = options;
  if (typeof source !== 'string' && (typeof source !== 'object' || source === null))
    throw new TypeError(`model: ${shown(source)}, expected ${EXPECTED}`);
  if ('then' in Object(source))
    throw new TypeError(`model: a promise, expected ${EXPECTED}: await it`);
  if (Array.isArray(source)) throw new TypeError(`model: a list, expected ${EXPECTED}`);
  if (typeof source !== 'string' && !isUrl(source)) return inSubfolder(mapFiles(source), subfolder);
  const text = String(source);
  const path =
    /^file:/i.test(text) && hasFileSystem() ? node('node:url').fileURLToPath(text) : text;
  const kind = await kindAt(path);
  if (kind === 'file')
    throw new Error(
      `${path}: a file, expected the folder of a model, with config.json beside its weights`,
    );
  if (kind === 'folder') return inSubfolder(folderFiles(path, options.limits), subfolder);
  const address = addressOf(text);
  if (address !== undefined) return inSubfolder(...at(address, options));
  if (isHubId(text)) return inSubfolder(hubFiles(text, options), subfolder);
  throw new Error(
    `Incorrect path_or_model_id: '${text}'. Please provide either the path to a local folder ` +
      'or the repo_id of a model on the Hub.',
  );
}

const EXPECTED = 'a folder, a hub id, an address or files by name';

const shown = (x: unknown): string =>
  typeof x === 'function' ? `the function ${x.name}` : String(x);

/** The files at an address, and the folder among them that is wanted. What options say goes before what a link says. */
function at(address: URL, options: HubOptions): [ModelFiles, string] {
  const link = hubLink(address, options.endpoint ?? hubEndpoint());
  if (link === undefined) return [addressFiles(address, options), options.subfolder ?? ''];
  const { id, revision, subfolder } = link;
  const folders = [subfolder, options.subfolder].filter(Boolean);
  return [hubFiles(id, { ...(revision && { revision }), ...options }), folders.join('/')];
}

/** Also one of another realm, as test runners have them. */
const isUrl = (source: object): source is URL => 'href' in source && 'searchParams' in source;

/** The files of a source, with a subfolder where the options name one. Throws as `modelFiles` does. */
export const filesOf = async (source: ModelSource, o: HubOptions): Promise<ModelFiles> =>
  typeof source === 'object' &&
  source !== null &&
  'open' in source &&
  typeof source.open === 'function'
    ? inSubfolder(source as ModelFiles, o.subfolder ?? '')
    : modelFiles(source as string | URL | FileMap, o);

/** The options of a part that is given files already resolved: the folder within them is found. */
export const within = <O extends Pick<HubOptions, 'subfolder'>>(o: O): O => ({
  ...o,
  subfolder: '',
});
