// All kernels in one module. What it exports is what engine/ calls.
import { ModuleBuilder } from '../assembler/module.ts';
import { addAttention } from './attention.ts';
import { addElementwise } from './elementwise.ts';
import { addGradients } from './gradients.ts';
import { addIntegerProduct } from './integer-product.ts';
import { addPack } from './pack.ts';
import { addProduct, LAYOUT } from './product.ts';
import { addRows } from './rows.ts';

/** Which build of the kernels. */
export interface Variant {
  /** Memory that threads share. */
  readonly shared?: boolean;
  /** Fused multiply-and-add, where the machine has it: faster, other last bits. */
  readonly relaxed?: boolean;
  /** Without SIMD instructions: slower, the same bits. Not with `relaxed`. */
  readonly scalar?: boolean;
}

/** The bytes of the module, the same every time. */
export function kernels({ shared, relaxed = false, scalar }: Variant = {}): Uint8Array {
  const m = new ModuleBuilder();
  addPack(m);
  addProduct(m, { relaxed });
  addIntegerProduct(m);
  addRows(m);
  addElementwise(m);
  addAttention(m);
  addGradients(m);
  m.note('layout', LAYOUT);
  return m.bytes({ shared, scalar });
}
