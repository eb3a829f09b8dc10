// Bundles the fuzz from the sources and starts it: Node runs no TypeScript.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleInto } from '../from-sources.mjs';

const here = import.meta.dirname;
const root = join(here, '../..');
const folder = mkdtempSync(join(tmpdir(), 'siglip-fuzz-'));
try {
  await bundleInto(folder, { main: join(here, 'main.ts'), child: join(here, 'child.ts') });
  const { status } = spawnSync(
    process.execPath,
    [join(folder, 'main.js'), ...process.argv.slice(2)],
    { stdio: 'inherit', env: { ...process.env, FUZZ_ROOT: root } },
  );
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
