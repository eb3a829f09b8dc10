// The kernels as the engine needs them, made of the stored ones: for threads, with fused multiply-and-add, without SIMD.
// The bytes that the assembler gives (tests/backend-wasm/file.test.ts), sooner and without it.
import { limits, uleb } from '../assembler/bytes.ts';
import { scalarCode } from '../assembler/scalar.ts';
import { codesOf, paramsOf, sectionsOf } from '../assembler/sections.ts';
import type { Variant } from '../kernels/index.ts';
import { KERNELS, RELAXED } from '../kernels-bytes.ts';
import { fromText } from '../text-bytes.ts';

/** The bytes of the module. */
export function storedKernels({ shared, relaxed, scalar }: Variant): Uint8Array<ArrayBuffer> {
  const stored = fromText(KERNELS);
  if (!shared && !relaxed && !scalar) return stored;
  const params = paramsOf(stored);
  const codes = codesOf(stored).flatMap((plain, i): ArrayLike<number>[] => {
    const own = relaxed && RELAXED[i] ? fromText(RELAXED[i]) : plain;
    return scalar ? [scalarCode(own, params[i]!)] : [uleb(own.length), own];
  });
  const sections = sectionsOf(stored).flatMap(({ id, content }): ArrayLike<number>[] => {
    let own = content;
    if (id === 2 && shared) {
      const memory = content.subarray(0, -limits(false).length); // they end the one import
      own = joined([memory, limits(true)]);
    }
    if (id === 10) own = joined([uleb(params.length), ...codes]);
    return [[id], uleb(own.length), own];
  });
  return joined([stored.subarray(0, 8), ...sections]);
}

function joined(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
