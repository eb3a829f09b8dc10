// Training data that has no end: devices, FIFOs, files and captions that are too large are not read. A pair is skipped by its
// name, and the others train.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTar } from 'nanotar';
import { afterAll, expect, test } from 'vitest';
import { wasm } from '@siglip-ts/backend-wasm';
import { contrastive, openClasses, openShards, type Recipe, train } from '@siglip-ts/trainer'; // prettier-ignore
import { defaultModel, mapFiles } from 'siglip-ts';

const root = mkdtempSync(join(tmpdir(), 'siglip-data-'));
afterAll(() => rmSync(root, { recursive: true }));
const picture = 'fixtures/images/twemoji-rocket.png';
const { length } = readFileSync(picture);
const GIB = 2 ** 30;

function folder(name: string, captions: Readonly<Record<string, string>> = {}): string {
  const path = join(root, name);
  mkdirSync(path);
  const rows = Object.entries(captions).map(([file_name, text]) => JSON.stringify({ file_name, text })); // prettier-ignore
  writeFileSync(join(path, 'captions.jsonl'), rows.join('\n'));
  return path;
}

function sparse(path: string, size: number): void {
  writeFileSync(path, '');
  truncateSync(path, size);
}

test.skipIf(process.platform === 'win32')(
  'a run skips what is no regular file, and goes on',
  async () => {
    const data = folder('pairs', { 'a.png': 'a', 'b.png': 'b', 'zero.png': 'c', 'fifo.png': 'd', 'large.png': 'e' }); // prettier-ignore
    cpSync(picture, join(data, 'a.png'));
    cpSync(picture, join(data, 'b.png'));
    symlinkSync('/dev/zero', join(data, 'zero.png'));
    execFileSync('mkfifo', [join(data, 'fifo.png')]);
    sparse(join(data, 'large.png'), GIB);
    const recipe: Recipe = { steps: 3, batch_size: 2, learning_rate: 1e-3, weight_decay: 0, warmup: 0, schedule: 'cosine', cooldown: 0, optimizer: 'adamw', clip: 1, freeze: '', seed: 7 }; // prettier-ignore
    const skipped = new Set<string>();
    const start = performance.now();
    const backend = await wasm();
    const run = await train({
      load: contrastive(),
      model: mapFiles(await defaultModel()),
      shards: await openShards([data]),
      out: join(root, 'run'),
      backend,
      recipe,
      save_every: 3,
      keep: 1,
      on_skip: (reason) => skipped.add(reason),
    });
    backend.dispose();
    expect(run.rows).toHaveLength(3);
    expect(performance.now() - start).toBeLessThan(30_000);
    const told = [...skipped].sort(); // by their lines
    expect(told).toHaveLength(3);
    expect(told[1]).toContain('fifo.png: a FIFO, expected a regular file');
    expect(told[2]).toContain(`large.png: ${GIB} bytes, expected at most 134217728; the option limits.picture says how many`); // prettier-ignore
    expect(told[0]).toContain('zero.png: a device, expected a regular file');
  },
);

test.skipIf(process.platform === 'win32')('captions and tar files are files, too', async () => {
  const zero = folder('zero');
  rmSync(join(zero, 'captions.jsonl'));
  symlinkSync('/dev/zero', join(zero, 'captions.jsonl'));
  await expect(openShards([zero])).rejects.toThrow('captions.jsonl: a device, expected a regular');
  const fifo = join(root, 'fifo.tar');
  execFileSync('mkfifo', [fifo]);
  await expect(openShards([fifo])).rejects.toThrow(`${fifo}: a FIFO, expected a regular file`);
  await expect(openShards(['/dev/zero'])).rejects.toThrow('/dev/zero: a device');
  const large = folder('large');
  sparse(join(large, 'captions.jsonl'), GIB);
  await expect(openShards([large])).rejects.toThrow(`${GIB} bytes, expected at most 268435456; the option limits.captions`); // prettier-ignore
  sparse(join(root, 'large.tar'), 3 * GIB);
  await expect(openShards([join(root, 'large.tar')])).rejects.toThrow(`expected at most ${2 * GIB}; the option limits.shard`); // prettier-ignore
});

test('limits are what is given', async () => {
  const data = folder('limited', { 'a.png': 'x'.repeat(100) });
  cpSync(picture, join(data, 'a.png'));
  const read = async (limits?: object) => (await openShards([data], limits))[0]!.read(0);
  expect((await read()).image).toHaveLength(length);
  expect((await read({ picture: length })).image).toHaveLength(length);
  await expect(read({ picture: length - 1 })).rejects.toThrow('limits.picture');
  await expect(read({ captions: 99 })).rejects.toThrow('limits.captions');
  await expect(read({ caption: 99 })).rejects.toThrow(/captions.jsonl:1: caption of 1\d\d bytes, expected at most 99; the option limits.caption says/); // prettier-ignore

  const tar = join(root, 'limited.tar');
  const files = [{ name: 'a.png', data: readFileSync(picture) }, { name: 'a.txt', data: 'y'.repeat(2 ** 20 + 1) }]; // prettier-ignore
  writeFileSync(tar, createTar(files));
  await expect(openShards([tar], { shard: 9 })).rejects.toThrow('limits.shard');
  cpSync(tar, join(root, 'again.tar'));
  const taken = async (limits?: object) =>
    (await openShards([join(root, 'again.tar')], limits))[0]!.read(0);
  await expect(taken()).rejects.toThrow(`again.tar:a: caption of 1048577 bytes, expected at most 1048576`); // prettier-ignore
  await expect(taken({ picture: 9, caption: 2 ** 21 })).rejects.toThrow(`picture of ${length} bytes`); // prettier-ignore
  expect((await taken({ caption: 2 ** 21 })).captions[0]).toHaveLength(2 ** 20 + 1);
});

test.skipIf(process.platform === 'win32')('pictures of classes, too', async () => {
  const classes = join(root, 'classes');
  for (const name of ['cats', 'dogs']) mkdirSync(join(classes, name), { recursive: true });
  symlinkSync('/dev/zero', join(classes, 'cats', 'a.png'));
  cpSync(picture, join(classes, 'dogs', 'b.png'));
  const { shard } = await openClasses(classes);
  await expect(shard.read(0)).rejects.toThrow('a.png: a device, expected a regular file');
  expect((await shard.read(1)).image).toHaveLength(length);
  const limited = await openClasses(classes, { picture: 9 });
  await expect(limited.shard.read(1)).rejects.toThrow('limits.picture');
});
