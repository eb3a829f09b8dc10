// Runs of `siglip train` killed at random moments: whatever is on the disk then is whole, and the run goes on to the
// same end. It is the build that runs.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkpoints } from '@siglip-ts/trainer';
import { SiglipModel } from 'siglip-ts';

const bin = join(import.meta.dirname, '../../packages/cli/bin/siglip.js');
const root = mkdtempSync(join(tmpdir(), 'siglip-killed-'));
afterAll(() => rmSync(root, { recursive: true }));
const data = join(root, 'data');
mkdirSync(data);
const names = ['twemoji-rocket.png', 'twemoji-pizza.png', 'twemoji-guitar.png'];
for (const name of names) cpSync(join('fixtures/images', name), join(data, name));
writeFileSync(
  join(data, 'captions.jsonl'),
  names.map((file_name) => JSON.stringify({ file_name, text: file_name.slice(8, -4) })).join('\n'),
);
const argv = (out: string) => [
  ...['train', '--data', data, '--out', out, '--steps', '8', '--batch-size', '2'],
  ...['--warmup', '1', '--save-every', '1', '--resume', '--json'],
];

/** Exit code, or null if it was killed. */
const command = (out: string, killAfter?: number): Promise<number | null> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, ...argv(out)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const timer = killAfter && setTimeout(() => child.kill('SIGKILL'), killAfter);
    child.on('exit', (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });

const weights = async (out: string) => {
  const [newest] = await checkpoints(out);
  return readFileSync(join(newest!.path, 'model.safetensors'));
};

/** KILLS=20 for the whole promise; fewer where time counts. */
const KILLS = Number(process.env.KILLS ?? 4);

test(`${KILLS} times out of ${KILLS}`, { timeout: 600_000 }, async () => {
  const whole = join(root, 'whole');
  const began = performance.now();
  expect(await command(whole)).toBe(0);
  const duration = performance.now() - began;
  const expected = await weights(whole);
  let kills = 0;
  for (let i = 0; kills < KILLS; i++) {
    const out = join(root, `run-${i}`);
    for (;;) {
      const code = await command(out, kills < KILLS ? Math.random() * duration : undefined);
      for (const { path } of await checkpoints(out)) {
        await using model = await SiglipModel.fromPretrained(path);
        expect(model.runtime.shapes.size).toBeGreaterThan(0);
        JSON.parse(readFileSync(join(path, 'training.json'), 'utf8'));
      }
      if (code === 0) break;
      expect(code).toBeNull();
      kills++;
    }
    expect(Buffer.compare(await weights(out), expected)).toBe(0);
    rmSync(out, { recursive: true });
  }
});
