// @siglip-ts/conformance as the author of a backend elsewhere has it: the chapter's backend and its test in an empty
// project, where vitest runs them; and what is said when an operation is wrong.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { fileIn, root } from '../docs/blocks.ts';
import { emptyProject, PEERS, type Project } from './pack.ts';

const PAGE = 'docs/your-own-backend.md';
const toy = fileIn(PAGE, 'toy.ts');

let project: Project;
beforeAll(async () => {
  project = await emptyProject('conformance', {
    ours: ['@siglip-ts/core', '@siglip-ts/conformance'],
    dependencies: PEERS,
  });
  await project.write({ 'toy.ts': toy, 'toy.test.ts': fileIn(PAGE, 'toy.test.ts') });
});

interface Report {
  readonly numTotalTests: number;
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string;
      readonly title: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** What vitest found, all passed or not. */
async function runTests(): Promise<Report> {
  const words = ['vitest', 'run', '--reporter=json', '--outputFile=report.json'];
  await project.run('npx', ['--no-install', ...words]).catch((error: Error) => {
    if (!error.message.includes('report.json')) throw error;
  });
  return JSON.parse(readFileSync(join(project.folder, 'report.json'), 'utf8')) as Report;
}

test('the test is a file of ten lines at most', () => {
  expect(fileIn(PAGE, 'toy.test.ts').trim().split('\n').length).toBeLessThanOrEqual(10);
});

test('a backend that is right passes', async () => {
  const { numTotalTests, numPassedTests } = await runTests();
  expect(numTotalTests).toBeGreaterThan(1000);
  expect(numPassedTests).toBe(numTotalTests);
});

/** A line of the backend with a mistake in it, and a case that fails for it. */
const MISTAKES = [
  ['max: (a, b) => Math.max(a, b)', 'max: Math.max', 'max [7] along 0'],
  ['e.map((v) => v / sum)', 'e.map((v) => v / (sum + 1e-3))', 'softmax [3, 7]'],
  [
    'made(numbersOf(x), dtype)',
    'activations.push(x.handle as Memory)',
    'every operation gives a new handle, even where nothing changes',
  ],
] as const;

test.each(MISTAKES)('"%s" as "%s" fails %s', async (right, wrong, name) => {
  expect(toy).toContain(right);
  await project.write({ 'toy.ts': toy.replace(right, wrong) });
  const { testResults } = await runTests();
  const failed = testResults[0]!.assertionResults.filter(({ status }) => status === 'failed');
  expect(failed.map(({ title }) => title)).toContain(name);
});

test('what the page quotes is what is said', async () => {
  const [right, wrong, name] = MISTAKES[0];
  await project.write({ 'toy.ts': toy.replace(right, wrong) });
  const { testResults } = await runTests();
  const message = testResults[0]!.assertionResults.find(({ title }) => title === name)!;
  const said = message.failureMessages[0]!.split('\n')[0]!.replace(/^Error: /, '');
  const quoted = /^```text\n([^]*?)^```/m.exec(readFileSync(join(root, PAGE), 'utf8'))![1]!;
  expect(said).toBe(quoted.trim().replaceAll('\n', ' '));
});
