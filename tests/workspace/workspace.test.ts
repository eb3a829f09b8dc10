// The workspace itself: which package may import which, without circles, and no name twice. Not a test of any behaviour.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../packages');
const packages = readdirSync(root);

/** Depend on nothing here. */
const leaves = ['core', 'tokenizer', 'image', 'safetensors', 'tiny-model'];
const backends = ['backend-cpu', 'backend-wasm', 'backend-gpu'];
const library = [...leaves, ...backends, 'hub', 'siglip'];

/** The arrows of docs/architecture.md. A package may import itself, these, and its own npm dependencies. */
const arrows: Record<string, readonly string[]> = {
  ...Object.fromEntries(leaves.map((name) => [name, []])),
  ...Object.fromEntries(backends.map((name) => [name, ['core']])),
  conformance: ['core'],
  autograd: ['core'],
  train: ['core', 'autograd'],
  hub: ['safetensors'],
  siglip: [...leaves, ...backends, 'hub'],
  trainer: [...library, 'autograd', 'train'],
  parity: library,
  inspect: [...library, 'autograd', 'train', 'parity'],
  cli: [...library, 'autograd', 'train', 'trainer', 'parity', 'inspect'],
};

/** Names that two packages export, and why. */
const TWICE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['SiglipConfig', 'SiglipTextConfig', 'SiglipVisionConfig'].map((name) => [
      name,
      'core has what it holds, siglip-ts how users load it',
    ]),
  ),
  ...Object.fromEntries(
    [
      'SiglipTokenizer',
      'GemmaTokenizerFast',
      'TokenizersBackend',
      'SiglipImageProcessor',
      'SiglipImageProcessorFast',
      'CLIPImageProcessor',
    ].map((name) => [name, 'the package has what it does, siglip-ts how users load and call it']),
  ),
  PixelKernels: 'backend-wasm offers what image asks for, and imports core alone',
};

/** A static or dynamic import of something that is not a relative path. */
const IMPORT = /^(?=import|export|\})[^'\n]*from '([^'.][^']*)'|import\('([^'.][^']*)'\)/gm;
/** One of a relative path, of types too: who reads a file follows both. */
const RELATIVE = /(?:from|import\() *'(\.[^']*)'/g;

const textOf = (file: string): string => readFileSync(file, 'utf8');
const manifestOf = (name: string) => JSON.parse(textOf(join(root, name, 'package.json')));

function sources(name: string): string[] {
  return readdirSync(join(root, name, 'src'), { recursive: true, withFileTypes: true })
    .filter((f) => f.isFile() && f.name.endsWith('.ts'))
    .map((f) => join(f.parentPath, f.name));
}

test.each(packages)('%s imports only what the design allows', (name) => {
  const allowed = arrows[name];
  expect(allowed, `packages/${name} has no row in the table of arrows`).toBeDefined();
  const { dependencies, peerDependencies } = manifestOf(name);
  const npm = Object.keys({ ...dependencies, ...peerDependencies });
  const found = new Set<string>();
  for (const file of sources(name))
    for (const [, fixed, dynamic] of textOf(file).matchAll(IMPORT)) found.add((fixed ?? dynamic)!);
  for (const spec of found) {
    if (/^(node:|#)/.test(spec)) continue; // '#': a file of its own, another in browsers
    const ours = /^@siglip-ts\/([^/]+)/.exec(spec);
    if (ours) expect(allowed).toContain(ours[1]);
    const packageName = spec.startsWith('@')
      ? spec.split('/').slice(0, 2).join('/')
      : spec.split('/')[0]!;
    expect(npm, `${name} imports ${spec}`).toContain(packageName);
  }
});

test.each(packages)('%s keeps its files to 400 lines', (name) => {
  for (const file of sources(name))
    expect(textOf(file).split('\n').length, file).toBeLessThanOrEqual(401);
});

test.each(packages)('%s has no import circle', (name) => {
  const graph = new Map(
    sources(name).map((file) => {
      const targets = [...textOf(file).matchAll(RELATIVE)].map(([, path]) => path!);
      return [file, targets.map((path) => normalize(join(dirname(file), path)))];
    }),
  );
  const done = new Set<string>();
  const way: string[] = [];
  const follow = (file: string): void => {
    const circle = way.slice(way.indexOf(file)).map((f) => relative(root, f));
    if (way.includes(file)) throw new Error(`a circle: ${[...circle, circle[0]].join(' -> ')}`);
    if (done.has(file)) return;
    way.push(file);
    graph.get(file)?.forEach(follow);
    done.add(way.pop()!);
  };
  for (const file of graph.keys()) follow(file);
});

test('train brings no third-party package', () => {
  for (const name of ['train', 'autograd', 'core'])
    for (const other of Object.keys(manifestOf(name).dependencies ?? {}))
      expect(other).toMatch(/^@siglip-ts\/(autograd|core)$/);
});

test('no two packages export one name, but for those with a reason', () => {
  const entries = packages.flatMap((name) =>
    Object.values(manifestOf(name).exports as Record<string, Record<string, string>>)
      .map((entry) => entry['siglip:source'])
      .filter((path) => path !== undefined)
      .map((path) => ({ name, path: join(root, name, path) })),
  );
  const { config } = ts.readConfigFile(join(root, '../tests/tsconfig.json'), (f) => textOf(f));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(root, '../tests'));
  const program = ts.createProgram(
    entries.map(({ path }) => path),
    options,
  );
  const checker = program.getTypeChecker();
  const owners = new Map<string, Map<ts.Symbol, string>>();
  for (const { name, path } of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(path)!);
    for (const symbol of module ? checker.getExportsOfModule(module) : []) {
      // What a package passes on from another is one thing.
      const own = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      owners.set(symbol.name, (owners.get(symbol.name) ?? new Map()).set(own, name));
    }
  }
  const twice = [...owners].filter(([, things]) => new Set(things.values()).size > 1);
  const unlisted = twice.filter(([name]) => !TWICE[name]);
  expect(unlisted.map(([name, things]) => `${name}: ${[...things.values()].join(', ')}`)).toEqual(
    [],
  );
  expect(Object.keys(TWICE).filter((name) => !twice.some(([n]) => n === name))).toEqual([]);
});
