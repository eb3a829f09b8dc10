// Writes the kernels twice, the engine's and those for pictures: wasm/*.wasm, the files for runtimes that only run
// WebAssembly they were deployed with, and src/**/*-bytes.ts, so that nobody else has to assemble them at the start.
// Same sources, same bytes: tests/backend-wasm/file.test.ts and pixels.test.ts compare. Runs on the build, so
// `npm run build:kernels` compiles first.
import { writeFileSync } from 'node:fs';
import { codesOf } from '../dist/assembler/sections.js';
import { kernels } from '../dist/kernels/index.js';
import { pixelModule } from '../dist/pixels/module.js';
import { toText } from '../dist/text-bytes.js';

const plain = codesOf(kernels()).map(toText);
const relaxed = codesOf(kernels({ relaxed: true })).map(toText);
const others = relaxed.flatMap((code, i) => (code === plain[i] ? [] : [`  ${i}: '${code}',\n`]));

write(kernels(), {
  file: 'kernels.wasm',
  source: 'kernels-bytes.ts',
  from: './kernels',
  more: `/** The code of the functions that are others in the variant \`relaxed\`, by their index. */
export const RELAXED: Readonly<Record<number, string>> = {\n${others.join('')}};\n`,
});
write(pixelModule(), {
  file: 'pixels.wasm',
  source: 'pixels/pixels-bytes.ts',
  from: './module.ts',
});

function write(bytes, { file, source, from, more = '' }) {
  writeFileSync(new URL(`../wasm/${file}`, import.meta.url), bytes);
  writeFileSync(
    new URL(`../src/${source}`, import.meta.url),
    `// The bytes of wasm/${file} as text. Made by scripts/build.mjs from ${from}: not to be edited.
export const KERNELS: string =
  '${toText(bytes)}';
${more}`,
  );
  console.log(`wasm/${file}: ${bytes.length} bytes`);
}
