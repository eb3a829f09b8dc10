// Runs the code of every page, and of every @example, in the workspace: TypeScript blocks, whose `console.log(...); // text` must print that text,
// and console blocks, whose `$ siglip ...` commands must print what follows them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type CodeBlock, codeBlocks, commands, pagesAndSources, root } from './blocks.ts';

/** Beside the tests, so that imports resolve as theirs do. */
const folder = mkdtempSync(join(root, 'tests/.docs-'));
const pathOf = (name: string) => join(folder, `${name}.ts`);
afterAll(() => rmSync(folder, { recursive: true }));

/** A worker_thread runs what is built: such blocks run from the tarballs alone. */
const runsHere = ({ runs, code }: CodeBlock) => runs && !code.includes("'siglip-ts/worker'");
const tested = pagesAndSources.filter(
  (page) => codeBlocks(page).some(runsHere) || commands(page).length > 0,
);

describe.each(tested)('%s', (page) => {
  for (const { name, code } of codeBlocks(page)) {
    mkdirSync(dirname(pathOf(name)), { recursive: true });
    writeFileSync(pathOf(name), code);
  }

  test.each(codeBlocks(page).filter(runsHere))('$name', async ({ name, prints }) => {
    const printed: string[] = [];
    const spy = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
      printed.push(values.map((v) => (typeof v === 'string' ? v : inspect(v))).join(' '));
    });
    await import(/* @vite-ignore */ pathOf(name)).finally(() => spy.mockRestore());
    expect(printed).toEqual(prints);
  });

  test.each(commands(page))('$line', ({ line, prints }) => {
    const here = line.replace(
      /^(npx )?(siglip|@siglip-ts\/cli)(?= )/,
      'node packages/cli/bin/siglip.js',
    );
    const printed = execFileSync('bash', ['-c', here], { cwd: root, encoding: 'utf8' });
    expect(printed.trimEnd()).toBe(prints);
  });
});

test('every public class of siglip-ts and every pipeline has an example of its own', async () => {
  const classes = Object.keys(await import('siglip-ts')).filter((name) =>
    /^(Siglip|Gemma)/.test(name),
  );
  const tasks = [
    'zero-shot-image-classification',
    'image-classification',
    'image-feature-extraction',
  ];
  const uses = [
    ...classes.map((name) => new RegExp(`(new ${name}|\\b${name}\\.from_pretrained)\\(`)),
    ...tasks.map((task) => new RegExp(`\\bpipeline\\('${task}'`)),
  ];
  const ours = pagesAndSources.filter((page) => page.startsWith('packages/siglip/src/'));
  const examples = ours.flatMap(codeBlocks).map(({ code }) => code);
  for (const use of uses) expect(examples.filter((code) => use.test(code)).length, String(use)).toBeGreaterThan(0); // prettier-ignore
  expect(examples.length).toBe(uses.length);
});
