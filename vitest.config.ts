// Tests run on the sources: the condition `siglip:source` makes every package resolve to its src/.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  ssr: { resolve: { conditions: ['siglip:source'], externalConditions: ['siglip:source'] } },
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
