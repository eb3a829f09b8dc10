// The real command in processes of its own: pipes, signals, exit codes. It is the build that runs, so without one they
// are skipped.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { image } from './harness.ts';

const bin = join(import.meta.dirname, '../../packages/cli/bin/siglip.js');
const built = existsSync(join(bin, '../../dist/main.js'));
const rocket = image('twemoji-rocket.png');

describe.skipIf(!built)(
  `siglip as a process${built ? '' : ' (skipped: run `npm run build` first)'}`,
  () => {
    test('results on stdout, exit code 0', () => {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [bin, 'classify', rocket, '--labels', 'rocket, pizza', '--json'],
        { encoding: 'utf8' },
      );
      expect([status, stderr]).toEqual([0, '']);
      expect(JSON.parse(stdout)).toMatchObject([
        { scores: [{ label: 'rocket' }, { label: 'pizza' }] },
      ]);
    });

    test('an error on stderr, exit code 2', () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'embed', 'no.png'], {
        encoding: 'utf8',
      });
      expect([status, stdout, stderr]).toEqual([2, '', 'siglip: no.png: no such file or folder\n']);
    });

    test('a reader that goes away ends it silently', () => {
      const command = `"${process.execPath}" "${bin}" tokenize - --padding none | head -1`;
      const input = '"a photo of a cat"\n'.repeat(3000);
      const { stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', input });
      expect(stderr).toBe('');
      expect(stdout.split('\n').length).toBe(2);
    });

    test.each([
      ['waiting for stdin', ['tokenize', '-']],
      ['waiting for a picture', ['classify', '-', '--labels', 'x']],
    ])('Ctrl-C ends it with 130, %s', async (_, argv) => {
      const child = spawn(process.execPath, [bin, ...argv]);
      const output: string[] = [];
      child.stdout.on('data', (text) => output.push(String(text)));
      child.stderr.on('data', (text) => output.push(String(text)));
      // Long enough for a busy machine to get it to where it waits, or computes.
      setTimeout(() => child.kill('SIGINT'), 4000);
      const code = await new Promise((resolve) => child.on('exit', resolve));
      expect([code, output]).toEqual([130, []]);
    });

    const many = Array.from({ length: 3000 }, () => rocket);

    test.each([
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const)('%s at work ends it with %i, and what is done is kept', async (signal, exit) => {
      const folder = mkdtempSync(join(tmpdir(), 'siglip-cli-'));
      const out = join(folder, 'some.npy');
      const child = spawn(process.execPath, [bin, 'embed', ...many, '--out', out]);
      const said: string[] = [];
      child.stderr.on('data', (text) => said.push(String(text)));
      // Twice, as npx does.
      setTimeout(() => (child.kill(signal), child.kill(signal)), 4000);
      const code = await new Promise((resolve) => child.on('exit', resolve));
      expect(code).toBe(exit);
      const [, done] = /^siglip: note: stopped after (\d+) of 3,000 pictures\n$/.exec(
        said.join(''),
      )!;
      const names = JSON.parse(readFileSync(join(folder, 'some.names.json'), 'utf8')) as string[];
      expect([names.length, statSync(out).size]).toEqual([Number(done), 128 + 512 * Number(done)]);
      expect(readdirSync(folder).sort()).toEqual(['some.names.json', 'some.npy']);
      rmSync(folder, { recursive: true });
    });

    test('a write that fails leaves the old file whole, nothing beside it, and names the path', () => {
      const folder = mkdtempSync(join(tmpdir(), 'siglip-cli-'));
      const out = join(folder, 'old.npy');
      writeFileSync(out, 'old');
      // As a full disk, but for one process: 1024 bytes a file, in the folder for temporary files, too.
      const limited = `trap '' XFSZ; ulimit -f 1; exec "$@"`;
      const argv = ['-c', limited, 'bash', process.execPath, bin, 'embed', ...many.slice(0, 4)];
      const { status, stderr } = spawnSync('bash', [...argv, '--out', out], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([2, `siglip: ${out}: larger than a file may be here\n`]);
      expect([readFileSync(out, 'utf8'), readdirSync(folder)]).toEqual(['old', ['old.npy']]);
      rmSync(folder, { recursive: true });
    });

    test('a full disk under stdout is said', () => {
      const argv = ['classify', rocket, '--labels', 'rocket', '--format', 'csv'];
      const full = openSync('/dev/full', 'w');
      const { status, stderr } = spawnSync(process.execPath, [bin, ...argv], {
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
      });
      closeSync(full);
      expect([status, stderr]).toEqual([2, 'siglip: stdout: no space left on the disk\n']);
    });
  },
);
