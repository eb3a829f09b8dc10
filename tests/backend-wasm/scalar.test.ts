// The kernels without SIMD: the same bits, from instructions that every WebAssembly engine has.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kernels, wasm, type WasmOptions } from '@siglip-ts/backend-wasm';
import { scalarCode } from '../../packages/backend-wasm/src/assembler/scalar.ts';
import { forward, loadCase, loadGolden } from '../siglip/modeling/golden.ts';

const LOOK = join(mkdtempSync(join(tmpdir(), 'scalar-')), 'look.mjs');
writeFileSync(
  LOOK,
  [false, true]
    .map((scalar) => Buffer.from(kernels({ scalar })).toString('base64'))
    .map((code, i) => `const code${i} = Buffer.from('${code}', 'base64');`)
    .join('\n') + '\nconsole.log(WebAssembly.validate(code0), WebAssembly.validate(code1));\n',
);

/** All outputs of a forward, as bits. */
async function bits(o: WasmOptions): Promise<Record<string, readonly number[]>> {
  const c = await loadCase('plain');
  const engine = await wasm(o);
  const outputs = await forward(engine, c, await loadGolden('plain', 'float32'));
  const read = [...outputs].map(async ([key, x]) => {
    const values = await x.data();
    return [key, [...new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]] as const;
  });
  const all = Object.fromEntries(await Promise.all(read));
  engine.dispose();
  return all;
}

test.each(['float32', 'float16', 'int8', 'w8a8'] as const)('%s weights', async (weights) =>
  expect(await bits({ weights, simd: false })).toEqual(await bits({ weights })),
);

test('two threads', async () =>
  expect(await bits({ threads: 2, simd: false })).toEqual(await bits({})));

// V8 has no vector instructions where the processor lacks SSE4.1, here by a switch that only x64 has.
test.skipIf(process.arch !== 'x64')('an engine that refuses SIMD takes them', () => {
  const child = spawnSync(process.execPath, ['--no-enable-sse4-1', '--no-enable-ssse3', LOOK], {
    encoding: 'utf8',
  });
  expect(child.stderr).toBe('');
  expect(child.stdout).toBe('false true\n');
});

test('an instruction that it does not know is named', () =>
  expect(() => scalarCode([0, 0xfd, 0x7f, 0x0b], 0)).toThrow(
    'scalar: vector instruction 127, expected an instruction that the assembler writes',
  ));
