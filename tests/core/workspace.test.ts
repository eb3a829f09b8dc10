// The workspace itself: which package may import which. Not a test of any behaviour.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../packages');

/** Depend on nothing here. */
const leaves = ['core', 'tokenizer', 'image', 'safetensors', 'tiny-model'];
const backends = ['backend-cpu', 'backend-wasm', 'backend-gpu'];
const library = [...leaves, ...backends, 'hub', 'siglip'];

/** The arrows of the design. A package may import itself, these, and its own npm dependencies. */
const arrows: Record<string, readonly string[]> = {
  ...Object.fromEntries(leaves.map((name) => [name, []])),
  ...Object.fromEntries(backends.map((name) => [name, ['core']])),
  hub: ['safetensors'],
  siglip: [...leaves, ...backends, 'hub'],
  autograd: ['core'],
  train: ['core', 'autograd'],
  trainer: [...library, 'autograd', 'train'],
  parity: library,
  inspect: [...library, 'autograd', 'train', 'parity'],
  cli: [...library, 'autograd', 'train', 'trainer', 'parity', 'inspect'],
};

/** A static or dynamic import of something that is not a relative path. */
const IMPORT = /^(?=import|export|\})[^'\n]*from '([^'.][^']*)'|import\('([^'.][^']*)'\)/gm;

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((f) => f.isFile() && f.name.endsWith('.ts'))
    .map((f) => join(f.parentPath, f.name));
}

test.each(readdirSync(root))('%s imports only what the design allows', (name) => {
  const allowed = arrows[name];
  expect(allowed, `packages/${name} has no row in the table of arrows`).toBeDefined();
  const manifest = JSON.parse(readFileSync(join(root, name, 'package.json'), 'utf8'));
  const npm = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const found = new Set<string>();
  for (const file of sources(join(root, name, 'src'))) {
    for (const [, fixed, dynamic] of readFileSync(file, 'utf8').matchAll(IMPORT))
      found.add((fixed ?? dynamic)!);
  }
  for (const spec of found) {
    if (spec.startsWith('node:')) continue;
    const ours = /^@siglip-ts\/([^/]+)/.exec(spec);
    if (ours) expect(allowed).toContain(ours[1]);
    const packageName = spec.startsWith('@')
      ? spec.split('/').slice(0, 2).join('/')
      : spec.split('/')[0]!;
    expect(npm, `${name} imports ${spec}`).toContain(packageName);
  }
});

test.each(readdirSync(root))('%s keeps its files to 400 lines', (name) => {
  for (const file of sources(join(root, name, 'src')))
    expect(readFileSync(file, 'utf8').split('\n').length, file).toBeLessThanOrEqual(401);
});
