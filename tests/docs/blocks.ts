// The code in the documentation: which pages there are, their blocks, and what each says that it prints. A source file with
// an @example is a page, too. Not a test: docs.test.ts runs them in the workspace, packed/docs.packed.ts from the tarballs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

const inFolder = (folder: string, pageOf: (name: string) => string) =>
  existsSync(join(root, folder)) ? readdirSync(join(root, folder)).sort().map(pageOf) : [];

/** Relative to the root. */
export const pages: readonly string[] = [
  'README.md',
  ...inFolder('packages', (name) => `packages/${name}/README.md`),
  ...inFolder('docs', (name) => `docs/${name}`),
].filter((page) => page.endsWith('.md') && existsSync(join(root, page)));

/** Source files whose docstrings have an @example, relative to the root. */
const sources: readonly string[] = readdirSync(join(root, 'packages')).flatMap((name) => {
  const src = `packages/${name}/src`;
  return readdirSync(join(root, src), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => `${src}/${file}`)
    .filter((file) => readFileSync(join(root, file), 'utf8').includes('* @example\n'));
});

/** Everything that has code which is run. */
export const pagesAndSources: readonly string[] = [...pages, ...sources];

/** A page's text; of a source file what its examples say, without the stars of the comments. */
function textOf(page: string): string {
  const text = readFileSync(join(root, page), 'utf8');
  if (!page.endsWith('.ts')) return text;
  const examples = text.match(/^ *\* @example\n(?: *\*(?!\/).*\n)*/gm) ?? [];
  return examples.join('').replace(/^ *\* ?/gm, '');
}

/**
 * A block of TypeScript. One whose first line is `// page` needs a browser: it is compiled and not run. So are files that
 * the page shows, in one block or in several that begin with `// name.ts`, which its other blocks import as './name.ts'.
 */
export interface CodeBlock {
  /** The folder of its page, and in it the number of the block or the name of the file; a path without .ts. */
  readonly name: string;
  readonly code: string;
  readonly runs: boolean;
  /** The texts that its lines `console.log(...); // text` promise. */
  readonly prints: readonly string[];
}

export function codeBlocks(page: string): CodeBlock[] {
  const folder = page.replace(/\.(md|ts)$/, '').replaceAll('/', '-');
  const all = blocksOf(page, 'ts').map((code, i) => [fileOf(code) ?? `${i}.ts`, code] as const);
  return [...new Map(all)].map(([file, code]) => ({
    name: `${folder}/${file.slice(0, -'.ts'.length)}`,
    code: fileOf(code) ? fileIn(page, file) : code,
    runs: !fileOf(code) && !code.startsWith('// page\n'),
    prints: [...code.matchAll(/console\.log\(.*\);\s*\/\/ (.*)$/gm)].map((m) => m[1]!),
  }));
}

/** The name of the file that a block is, or is a part of. */
const fileOf = (code: string): string | undefined => /^\/\/ (\S+\.ts)\n/.exec(code)?.[1];

/** What follows `$ ` in a block of the console, and the lines below it. */
export interface Command {
  readonly line: string;
  readonly prints: string;
}

export const commands = (page: string): Command[] =>
  blocksOf(page, 'console')
    .flatMap((block) => block.split(/^(?=\$ )/m))
    .map((text) => {
      const [line, ...output] = text.trimEnd().split('\n');
      return { line: line!.replace(/^\$ (npm ci && )?/, ''), prints: output.join('\n') };
    });

const blocksOf = (page: string, language: string): string[] =>
  [...textOf(page).matchAll(new RegExp('^```' + language + '\\n([^]*?)^```', 'gm'))].map(
    (match) => match[1]!,
  );

/** The one JSON file that a page shows. */
export function jsonIn(page: string): Record<string, unknown> {
  const found = blocksOf(page, 'json');
  if (found.length !== 1) throw new Error(`${page}: ${found.length} blocks of JSON`);
  return JSON.parse(found[0]!) as Record<string, unknown>;
}

/** The headers of the one block of a page that has `name` among them. */
export function headersIn(page: string, name: string): Record<string, string> {
  const found = blocksOf(page, 'http').filter((lines) => lines.includes(`${name}: `));
  if (found.length !== 1) throw new Error(`${page}: ${found.length} blocks with ${name}`);
  return Object.fromEntries(
    [...found[0]!.matchAll(/^(\S+): (.*)$/gm)].map(([, header, value]) => [header!, value!]),
  );
}

/** The file `name` that a page shows: the blocks whose first line is a comment with that name, without it, in order. */
export function fileIn(page: string, name: string): string {
  const line = `// ${name}\n`;
  const parts = blocksOf(page, '\\w+').filter((code) => code.startsWith(line));
  if (parts.length === 0) throw new Error(`${page}: no block "// ${name}"`);
  return parts.map((code) => code.slice(line.length)).join('\n');
}
