// The pixel kernels as one module of WebAssembly. Assembled when the package is built, never at run time.
import { ModuleBuilder } from '../assembler/module.ts';
import { addInverseDct } from './idct.ts';
import { addAcross, addAcrossGray, addDown } from './resize.ts';
import { addFancy, addYcc } from './rows.ts';

export function pixelModule(): Uint8Array {
  const m = new ModuleBuilder();
  for (const add of [addInverseDct, addFancy, addYcc, addAcross, addAcrossGray, addDown]) add(m);
  return m.bytes();
}
