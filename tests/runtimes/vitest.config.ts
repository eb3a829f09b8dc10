// The tests that need other programs, by mode: `browsers` or `runtimes`. One at a time: they use all cores.
import { defineConfig } from 'vitest/config';
import { root } from './bundle.ts';

export default defineConfig(({ mode }) => ({
  root,
  ssr: { resolve: { conditions: ['siglip:source'], externalConditions: ['siglip:source'] } },
  test: {
    include: [`tests/runtimes/*.${mode}.ts`],
    globalSetup: 'tests/packed/pack.ts', // pages are bundled from the tarballs
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
}));
