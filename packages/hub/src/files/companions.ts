// What goes with a model's weights when they are written anew: the files of its tokenizer and of its image processor.
import type { ModelFiles } from './model-files.ts';

const NAMES = [
  'spiece.model',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'preprocessor_config.json',
  'processor_config.json',
];

/** Those that there are, by name. Their bytes are at hand: the model may be removed later. */
export async function companions(files: ModelFiles): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const name of NAMES) {
    const bytes = await files.bytes(name);
    if (bytes) found.set(name, bytes);
  }
  return found;
}
