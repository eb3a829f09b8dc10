// Reading a dump, and --map: one whose tensors have another implementation's names.
import type { Command } from 'commander';
import { readRegular } from '@siglip-ts/hub/reading';
import type { Dump } from '@siglip-ts/parity';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { printable } from '../terminal/output.ts';
import { note } from './options.ts';

/** For a dump of somebody else's numbers. */
export const addMapOption = (command: Command): Command =>
  command.option(
    '--map <name>',
    'whose names the dump has: hf, big_vision, timm, open_clip, or a .json file of {"theirs": "HF\'s"}',
    'hf',
  );

/** A dump, with a line for each of its arrays that is none of numbers. */
export async function readNoted(io: Io, path: string): Promise<Dump> {
  const { readDump } = await import('@siglip-ts/parity');
  const dump = await readDump(path);
  for (const why of dump.skipped ?? []) note(io, `skipped ${printable(why)}`);
  return dump;
}

const MOST_MAP = 16 * 2 ** 20;
const textAt = async (path: string): Promise<string> =>
  new TextDecoder().decode(await readRegular(path, MOST_MAP));

/** The dump under HF's names. */
export async function readRenamed(io: Io, path: string, map: string): Promise<Dump> {
  const { NAMES, nested, parseNames, renamed } = await import('@siglip-ts/parity');
  const own = Object.hasOwn(NAMES, map) ? NAMES[map as keyof typeof NAMES] : undefined;
  const names = map.endsWith('.json') ? parseNames(await textAt(map), map) : own;
  if (!names)
    throw new Exit(2, `--map: "${map}", expected ${Object.keys(NAMES).join(', ')} or a name in .json`); // prettier-ignore
  const dump = await readNoted(io, path);
  return map === 'hf' ? nested(dump) : renamed(dump, names);
}
