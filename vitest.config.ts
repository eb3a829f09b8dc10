// Tests run on the sources: the condition `siglip:source` makes every package resolve to its src/.
// `npm test` runs *.test.ts; other modes run *.slow.ts, *.hub.ts (network) or *.report.ts (prints tables) instead.
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  ssr: { resolve: { conditions: ['siglip:source'], externalConditions: ['siglip:source'] } },
  test: {
    include: [`tests/**/*.${['slow', 'hub', 'report'].includes(mode) ? mode : 'test'}.ts`],
    // All cores, for three minutes. Slow ones are alone: some count time and memory.
    ...(mode === 'test' && { maxWorkers: '100%' }),
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
}));
