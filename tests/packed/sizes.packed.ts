// What users' bundles weigh, from the tarballs in an empty project: prints the table, fails over a limit.
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIMITS } from './limits.ts';
import { emptyProject, type Project } from './pack.ts';

let project: Project;
beforeAll(async () => {
  const ours = LIMITS.flatMap(({ code }) => /'(.*)'/.exec(code)!.slice(1));
  project = await emptyProject('sizes', { ours: [...new Set(ours)] });
});

const measured: Record<string, { minified: string; gzip: string; limit: string }> = {};
afterAll(() => console.table(measured));

test.each(LIMITS)('$name: at most $kB kB', async ({ name, code, kB }) => {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: project.folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'error',
  });
  expect(outputFiles.length).toBe(1);
  const { contents } = outputFiles[0]!;
  const size = gzipSync(contents, { level: 9 }).length / 1000;
  const shown = (x: number) => `${x.toFixed(1)} kB`;
  measured[name] = {
    minified: shown(contents.length / 1000),
    gzip: shown(size),
    limit: shown(kB),
  };
  expect(size).toBeLessThanOrEqual(kB);
});
