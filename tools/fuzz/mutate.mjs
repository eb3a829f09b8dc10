// Writes damaged copies of the PNG and JPEG files of a folder, the same ones for the same seed, by the mutators of tests/fuzz.
//
//     node tools/fuzz/mutate.mjs ORIGINALS OUT --count 1000 --seed 1
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleInto } from '../../tests/from-sources.mjs';

const folder = mkdtempSync(join(tmpdir(), 'siglip-fuzz-'));
try {
  await bundleInto(folder, {
    damaged: join(import.meta.dirname, '../../tests/fuzz/damaged.ts'),
  });
  const args = [join(folder, 'damaged.js'), ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
