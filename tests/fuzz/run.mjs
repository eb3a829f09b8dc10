// Bundles the fuzz from the sources and starts it: Node runs no TypeScript.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const here = import.meta.dirname;
const root = join(here, '../..');
const folder = mkdtempSync(join(tmpdir(), 'siglip-fuzz-'));
try {
  const bundle = await rolldown({
    input: { main: join(here, 'main.ts'), child: join(here, 'child.ts') },
    platform: 'node',
    resolve: { conditionNames: ['siglip:source', 'import', 'node', 'default'] },
    onwarn() {},
  });
  await bundle.write({ dir: folder, format: 'esm' });
  const { status } = spawnSync(
    process.execPath,
    [join(folder, 'main.js'), ...process.argv.slice(2)],
    { stdio: 'inherit', env: { ...process.env, FUZZ_ROOT: root } },
  );
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
