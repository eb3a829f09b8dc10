// The tests that judge mutants, on the copy of the sources that Stryker mutates: packages are found in the copy and not by the
// links in node_modules, which lead to the originals.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

interface Exports {
  readonly [path: string]: { readonly 'siglip:source'?: string };
}

const packages = join(process.cwd(), 'packages');
const alias = readdirSync(packages).flatMap((folder) => {
  const file = join(packages, folder, 'package.json');
  const { name, exports } = JSON.parse(readFileSync(file, 'utf8')) as { name: string; exports?: Exports }; // prettier-ignore
  return Object.entries(exports ?? {}).flatMap(
    ([path, { 'siglip:source': source }]) =>
    source ? [{ find: new RegExp(`^${name}${path.slice(1)}$`), replacement: join(packages, folder, source) }] : [], // prettier-ignore
  );
});

/** What no mutant in this process reaches, and bounds on time, which mutated sources need more of. */
const OTHERS = [
  'tests/safetensors/bounds.test.ts', // time
  'tests/backend-wasm/file.test.ts', // the kernels' bytes
];

export default defineConfig({
  resolve: { alias },
  ssr: { resolve: { conditions: ['siglip:source'], externalConditions: ['siglip:source'] } },
  test: {
    include: (process.env.MUTATION_TESTS ?? '').split(' ').map((at) => `tests/${at}/**/*.test.ts`),
    exclude: OTHERS,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
