// siglip cache: what people read of a cache, and the exit codes. What is found is tested in tests/hub/content.test.ts.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { json, scratch, siglip } from './harness.ts';

const files = scratch();
const fixture = join(import.meta.dirname, '../../fixtures/cache');
const copy = (name: string): string => files.copy(fixture, name);
const file = 'huggingface.co/org/example/config.json';
const blobs = (root: string) =>
  readdirSync(join(root, file)).filter((name) => name.startsWith('blob-'));

test('list: names, sizes, dates', async () => {
  const { code, stdout } = await siglip(['cache', 'list', '--cache', fixture]);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^model {8}files {2}size {2}downloaded\norg\/example {6}2 {2}37 B {2}20\d\d-\d\d-\d\d\n$/,
  );
  const [model] = await json<{ name: string }[]>(['cache', 'list', '--cache', fixture]);
  expect(model).toMatchObject({ name: 'org/example', files: 2, bytes: 37 });
  const none = await siglip(['cache', 'list', '--cache', files.path('nothing')]);
  expect(none).toEqual({ code: 0, stdout: 'No models.\n', stderr: '' });
});

test('verify: the bad one by name with the remedy, and exit code 1', async () => {
  const root = copy('verified');
  const path = join(root, 'huggingface.co/org/example/model.safetensors');
  const [blob = ''] = readdirSync(path).filter((name) => name.startsWith('blob-'));
  writeFileSync(join(path, blob), '0123456789');
  const { code, stdout } = await siglip(['cache', 'verify', '--cache', root]);
  expect(code).toBe(1);
  expect(stdout).toContain('org/example: model.safetensors: its sha256 is 84d8');
  expect(stdout).toContain(`\n  delete ${join(path, blob)}, and it is downloaded anew\n`);
  const found = await siglip(['cache', 'verify', '--cache', root, '--json']);
  expect(found.code).toBe(1);
  expect(JSON.parse(found.stdout).bad.length).toBe(1);
});

test('prune: says what it frees, and with --dry-run frees nothing', async () => {
  const root = copy('pruned');
  const old = join(root, file, `blob-0967ef424bce6791893e9a57bb952f80fd536e93`);
  const dry = await siglip(['cache', 'prune', '--cache', root, '--dry-run']);
  expect(dry).toEqual({
    code: 0,
    stdout: `${old}  3 B\n3 B in 1 file would be freed.\n`,
    stderr: '',
  });
  expect(existsSync(old)).toBe(true);
  const wet = await siglip(['cache', 'prune', '--cache', root]);
  expect(wet.stdout).toBe(`${old}  3 B\n3 B in 1 file freed.\n`);
  expect(blobs(root).length).toBe(1);
  expect(await json(['cache', 'prune', '--cache', root])).toMatchObject({ removed: [], bytes: 0 });
});
