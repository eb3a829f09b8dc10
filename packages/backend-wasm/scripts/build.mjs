// Writes wasm/kernels.wasm, the file for runtimes that only run WebAssembly they were deployed with. Same sources, same
// bytes: tests/wasm/file.test.ts compares. Runs on the build, so `npm run build:kernels` compiles first.
import { writeFileSync } from 'node:fs';
import { kernels } from '../dist/kernels/index.js';

const file = new URL('../wasm/kernels.wasm', import.meta.url);
const bytes = kernels();
writeFileSync(file, bytes);
console.log(`wasm/kernels.wasm: ${bytes.length} bytes`);
