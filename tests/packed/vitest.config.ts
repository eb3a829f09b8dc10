// The tests on the packed tarballs: no aliases and no condition, so that what runs is what users install. One file at a
// time: each installs and builds.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ['*.packed.ts'],
    globalSetup: './pack.ts',
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
