// Writes the kernels twice: wasm/kernels.wasm, the file for runtimes that only run WebAssembly they were deployed with,
// and src/kernels-bytes.ts, so that nobody else has to assemble them at the start. Same sources, same bytes:
// tests/wasm/file.test.ts compares. Runs on the build, so `npm run build:kernels` compiles first.
import { writeFileSync } from 'node:fs';
import { kernels } from '../dist/kernels/index.js';

const bytes = kernels();
writeFileSync(new URL('../wasm/kernels.wasm', import.meta.url), bytes);
writeFileSync(
  new URL('../src/kernels-bytes.ts', import.meta.url),
  `// The bytes of wasm/kernels.wasm in base64. Made by scripts/build.mjs from ./kernels: not to be edited.
export const KERNELS =
  '${Buffer.from(bytes).toString('base64')}';
`,
);
console.log(`wasm/kernels.wasm: ${bytes.length} bytes`);
