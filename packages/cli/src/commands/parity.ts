// siglip parity: comparing another implementation's numbers with the reference's. Its commands are files of their own.
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { addParityDiagnose } from './parity-diagnose.ts';
import { addParityDiff } from './parity-diff.ts';
import { addParityDump } from './parity-dump.ts';
import { addParitySelftest } from './parity-selftest.ts';

export function addParity(program: Command, io: Io): void {
  const parity = program
    .command('parity')
    .summary("compare another implementation's numbers with the reference's")
    .description(
      'A dump is what an implementation computed on the way: tensors by HF module path, output field or argument, in a ' +
        '.safetensors file, an .npz, a folder of .npy files, or a folder with manifest.json. `siglip parity dump` makes ours.',
    );
  for (const add of [addParityDump, addParityDiff, addParityDiagnose, addParitySelftest])
    add(parity, io);
}
