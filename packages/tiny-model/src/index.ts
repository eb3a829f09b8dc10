// The embedded default model as a map of files, read from beside this module: from disk in Node, by fetch elsewhere.
// What it can and cannot do is in model/README.md. For bundlers that carry no files along there is inline.ts.
/// <reference types="node" />
/** @module @siglip-ts/tiny-model */

/** Each address is written out, since bundlers look for just this form to carry a file along. */
const addresses = (): Record<string, URL> => ({
  'config.json': new URL('../model/config.json', import.meta.url),
  'model.safetensors': new URL('../model/model.safetensors', import.meta.url),
  'preprocessor_config.json': new URL('../model/preprocessor_config.json', import.meta.url),
  'special_tokens_map.json': new URL('../model/special_tokens_map.json', import.meta.url),
  'spiece.model': new URL('../model/spiece.model', import.meta.url),
  'tokenizer_config.json': new URL('../model/tokenizer_config.json', import.meta.url),
});

/** The files of the model in HF layout, by name; 3.9 MB. Throws Error where a bundler left them behind. */
export async function tinyModel(): Promise<Map<string, Uint8Array>> {
  try {
    const entries = Object.entries(addresses()).map(
      async ([name, url]) => [name, await read(url)] as const,
    );
    return new Map(await Promise.all(entries));
  } catch (cause) {
    throw new Error(
      `tiny model: its files are not beside this program (${(cause as Error).message}). Where a bundler does not ` +
        "carry them along, pass a model: import { tinyModel } from '@siglip-ts/tiny-model/inline'",
      { cause },
    );
  }
}

async function read(url: URL): Promise<Uint8Array> {
  if (url.protocol === 'file:') {
    const fs = globalThis.process?.getBuiltinModule?.('node:fs/promises');
    if (!fs) throw new Error(`${url.href}: no file system here`);
    return new Uint8Array(await fs.readFile(url));
  }
  // Vite turns small files into data URLs, which a content security policy keeps fetch from reading.
  const [, data] = /^data:[^,]*;base64,(.*)$/s.exec(url.href) ?? [];
  if (data !== undefined) return Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const response = await fetch(url);
  // A development server answers with its page what it does not know.
  const isPage = /^text\/html/.test(response.headers.get('content-type') ?? '');
  if (!response.ok || isPage)
    throw new Error(`${url.href} answers ${isPage ? 'with a page' : response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
