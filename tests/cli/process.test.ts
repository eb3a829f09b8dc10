// The real command in processes of its own: pipes, signals, exit codes. It is the build that runs, so without one they
// are skipped.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
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
      ['at work', ['embed', ...Array.from({ length: 3000 }, () => rocket), '--json']],
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
  },
);
