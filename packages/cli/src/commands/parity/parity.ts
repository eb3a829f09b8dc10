// siglip parity: comparing another implementation's numbers with the reference's. Its commands are files of their own.
import type { Command } from 'commander';
import type { Io } from '../../terminal/io.ts';
import { addParityDiagnose } from './diagnose.ts';
import { addParityDiff } from './diff.ts';
import { addParityDump } from './dump.ts';
import { addParitySelftest } from './selftest.ts';

export function addParity(program: Command, io: Io): void {
  const parity = program
    .command('parity')
    .summary("compare another implementation's numbers with the reference's")
    .description(
      'A dump is what an implementation computed on the way: tensors by HF module path, output field or argument. It is ' +
        'read from a .safetensors file, an .npz, or a folder: with .npy files, with raw .bin files (llama.cpp), with what ' +
        "transformers' model_addition_debugger_context writes, or with manifest.json, as `siglip parity dump` makes it.",
    );
  for (const add of [addParityDump, addParityDiff, addParityDiagnose, addParitySelftest])
    add(parity, io);
}
