// --map: reading a dump whose tensors have another implementation's names.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Dump } from '@siglip-ts/parity';
import { Exit } from '../../terminal/errors.ts';

/** For a dump of somebody else's numbers. */
export const addMapOption = (command: Command): Command =>
  command.option(
    '--map <name>',
    'whose names the dump has: hf, big_vision, timm, or a .json file of {"theirs": "HF\'s"}',
    'hf',
  );

/** The dump under HF's names. */
export async function readRenamed(path: string, map: string): Promise<Dump> {
  const { NAMES, parseNames, readDump, renamed } = await import('@siglip-ts/parity');
  const own = Object.hasOwn(NAMES, map) ? NAMES[map as keyof typeof NAMES] : undefined;
  const names = map.endsWith('.json') ? parseNames(await readFile(map, 'utf8'), map) : own;
  if (!names)
    throw new Exit(2, `--map: "${map}", expected ${Object.keys(NAMES).join(', ')} or a name in .json`); // prettier-ignore
  return renamed(await readDump(path), names);
}
