// Tests run on the sources: the condition `siglip:source` makes every package resolve to its src/.
// `npm test` runs *.test.ts; `--mode slow` and `--mode hub` run *.slow.ts and *.hub.ts instead.
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  ssr: { resolve: { conditions: ['siglip:source'], externalConditions: ['siglip:source'] } },
  test: {
    include: [`tests/**/*.${mode === 'slow' || mode === 'hub' ? mode : 'test'}.ts`],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
}));
