// Runs the code of every README: TypeScript blocks, whose `console.log(...); // text` must print that text, and
// console blocks, whose `$ siglip ...` commands must print what follows them.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test, vi } from 'vitest';

const root = join(import.meta.dirname, '../..');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
].filter((page) => existsSync(join(root, page)));
/** Beside the tests, so that imports resolve as theirs do. */
const folder = mkdtempSync(join(root, 'tests/.docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const blocksOf = (page: string, language: string) =>
  [
    ...readFileSync(join(root, page), 'utf8').matchAll(
      new RegExp('^```' + language + '\\n([^]*?)^```', 'gm'),
    ),
  ].map((match) => match[1]!);

describe.each(pages)('%s', (page) => {
  test.each(blocksOf(page, 'ts').map((code, i) => [i, code] as const))(
    'code block %i',
    async (i, code) => {
      const file = join(folder, `${page.replaceAll('/', '-')}-${i}.ts`);
      writeFileSync(file, code);
      const printed: string[] = [];
      const spy = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
        printed.push(values.map((v) => (typeof v === 'string' ? v : inspect(v))).join(' '));
      });
      await import(/* @vite-ignore */ file).finally(() => spy.mockRestore());
      const promised = [...code.matchAll(/console\.log\(.*\);\s*\/\/ (.*)$/gm)].map((m) => m[1]);
      expect(printed).toEqual(promised);
    },
  );

  test.each(blocksOf(page, 'console').flatMap((block) => block.split(/^(?=\$ )/m)))(
    '%s',
    (block) => {
      const [command, ...output] = block.trimEnd().split('\n');
      const line = command!.replace(
        /^\$ (npm ci && )?(npx )?siglip/,
        'node packages/cli/bin/siglip.js',
      );
      const printed = execFileSync('bash', ['-c', line], { cwd: root, encoding: 'utf8' });
      expect(printed.trimEnd()).toBe(output.join('\n'));
    },
  );
});
