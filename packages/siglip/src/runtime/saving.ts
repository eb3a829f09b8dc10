// save_pretrained: files into a folder. What they are is their owner's; writing needs Node, Deno or Bun.
import { node } from '@siglip-ts/hub/node';

/** The one file of a configuration or processor. */
export const jsonFile = (name: string, of: { to_json_string(): string }): Map<string, Uint8Array> =>
  new Map([[name, new TextEncoder().encode(of.to_json_string())]]);

/** Writes files into a folder, which is made if need be. Node, Deno and Bun only. */
export async function writeFiles(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const { mkdir, writeFile } = node('node:fs/promises');
  const { join } = node('node:path');
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
}
