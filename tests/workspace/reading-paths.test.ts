// The paths that the README takes a reader along: the files are there, and on the way from `classify` to the inner loop each
// is imported by its neighbour, or imports it.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The files that a paragraph links to, in order. */
function filesAfter(words: string): string[] {
  const begin = readme.indexOf(words);
  expect(begin, words).toBeGreaterThan(0);
  const end = readme.indexOf('\n**', begin + 1);
  return [...readme.slice(begin, end).matchAll(/\]\(([^)]*\.ts)\)/g)].map(([, path]) => path!);
}

const IMPORT = /^(?:import|export)(?: type)? \{([^}]*)\} from '([^']*)';/gm;

/** Whether `file` takes something from `other`: by its path, or, from another package, by a name that it exports. */
function takesFrom(file: string, other: string): boolean {
  const text = readFileSync(join(root, other), 'utf8');
  return [...readFileSync(join(root, file), 'utf8').matchAll(IMPORT)].some(([, names, spec]) =>
    spec!.startsWith('.')
      ? join(dirname(file), spec!) === other
      : names!.split(',').some((name) => {
          const own = name
            .trim()
            .replace(/^type /, '')
            .split(' ')[0];
          return own !== '' && new RegExp(`^export .*\\b(function|const|class|interface|type) ${own}\\b`, 'm').test(text); // prettier-ignore
        }),
  );
}

test('the model is read in an order whose files are there', () => {
  const files = filesAfter('**To read the model**');
  expect(files.length).toBe(9);
  for (const file of files) expect(existsSync(join(root, file)), file).toBe(true);
});

test('from classify to the inner loop each file has to do with the next', () => {
  const files = filesAfter('**From `classify` to the inner loop**');
  expect(files.length).toBeGreaterThan(8);
  for (const [i, file] of files.slice(1).entries()) {
    const before = files[i]!;
    const linked = takesFrom(before, file) || takesFrom(file, before);
    expect(linked, `${before} and ${file}`).toBe(true);
  }
});
