// The embedded model's files, changed as those of people's folders are. Not a test itself.
import { bytesSource, openSafetensors, serialize, type StoredTensor } from '@siglip-ts/safetensors';
import { defaultModel } from 'siglip-ts';

export type Tensors = Map<string, StoredTensor>;
type Json = Record<string, unknown>;

export const text = (content: string): Uint8Array => new TextEncoder().encode(content);
export const json = (content: unknown): Uint8Array => text(JSON.stringify(content));

export interface Changes {
  /** Files that go in, or with null go. */
  files?: Record<string, Uint8Array | null>;
  config?: (config: Json) => Json;
  processor?: (config: Json) => Json;
  tensors?: (tensors: Tensors) => Tensors;
}

/** The files with what was changed; the embedded model's own are left as they are. */
export async function variant({ files = {}, config, processor, tensors }: Changes) {
  const all = new Map(await defaultModel());
  const edit = (name: string, change: ((dict: Json) => Json) | undefined): void => {
    if (change)
      all.set(name, json(change(JSON.parse(new TextDecoder().decode(all.get(name))) as Json)));
  };
  edit('config.json', config);
  edit('preprocessor_config.json', processor);
  if (tensors) all.set('model.safetensors', await changed(all.get('model.safetensors')!, tensors));
  for (const [name, bytes] of Object.entries(files))
    if (bytes) all.set(name, bytes);
    else all.delete(name);
  return all;
}

async function changed(
  bytes: Uint8Array,
  change: (tensors: Tensors) => Tensors,
): Promise<Uint8Array> {
  const file = await openSafetensors(bytesSource(bytes));
  const all: Tensors = new Map();
  for (const key of file.tensors.keys()) all.set(key, await file.read(key));
  return serialize(change(all), new Map([['format', 'pt']]));
}

/** Every tensor by another name. */
export const renamed =
  (to: (key: string) => string) =>
  (tensors: Tensors): Tensors =>
    new Map([...tensors].map(([key, tensor]) => [to(key), tensor]));
