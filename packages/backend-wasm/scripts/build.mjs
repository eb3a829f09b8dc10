// Writes the kernels twice, the engine's and those for pictures: wasm/*.wasm, the files for runtimes that only run
// WebAssembly they were deployed with, and src/**/*-bytes.ts, so that nobody else has to assemble them at the start.
// Same sources, same bytes: tests/wasm/file.test.ts and pixels.test.ts compare. Runs on the build, so
// `npm run build:kernels` compiles first.
import { writeFileSync } from 'node:fs';
import { kernels } from '../dist/kernels/index.js';
import { pixelModule } from '../dist/pixels/module.js';

write(kernels(), { file: 'kernels.wasm', source: 'kernels-bytes.ts', from: './kernels' });
write(pixelModule(), {
  file: 'pixels.wasm',
  source: 'pixels/pixels-bytes.ts',
  from: './module.ts',
});

function write(bytes, { file, source, from }) {
  writeFileSync(new URL(`../wasm/${file}`, import.meta.url), bytes);
  writeFileSync(
    new URL(`../src/${source}`, import.meta.url),
    `// The bytes of wasm/${file} in base64. Made by scripts/build.mjs from ${from}: not to be edited.
export const KERNELS =
  '${Buffer.from(bytes).toString('base64')}';
`,
  );
  console.log(`wasm/${file}: ${bytes.length} bytes`);
}
