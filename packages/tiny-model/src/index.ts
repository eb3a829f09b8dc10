// The embedded default model as a map of files, read from beside this module: from disk in Node, by fetch elsewhere.
// What it can and cannot do is in model/README.md.

const NAMES = [
  'config.json',
  'model.safetensors',
  'preprocessor_config.json',
  'special_tokens_map.json',
  'spiece.model',
  'tokenizer_config.json',
];

/** The files of the model in HF layout, by name; 3.9 MB. */
export async function tinyModel(): Promise<Map<string, Uint8Array>> {
  const entries = NAMES.map(async (name) => [name, await load(name)] as const);
  return new Map(await Promise.all(entries));
}

async function load(name: string): Promise<Uint8Array> {
  const url = new URL(`../model/${name}`, import.meta.url);
  if (url.protocol === 'file:') {
    const { readFile } = await import('node:fs/promises');
    return new Uint8Array(await readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`tiny model: ${url.href} answers ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
