// siglip completion: what the shells themselves complete with the printed scripts. zsh's is only parsed here, since it
// completes at a terminal alone. A shell that is not installed is skipped.
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { scratch, siglip } from './harness.ts';

const files = scratch();

async function scriptFor(shell: string): Promise<string> {
  const { code, stdout, stderr } = await siglip(['completion', shell]);
  expect([code, stderr]).toEqual([0, '']);
  return files.write(`siglip.${shell}`, stdout);
}
const installed = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

function ran(shell: string, argv: readonly string[]): string {
  const { stdout, stderr } = spawnSync(shell, argv, {
    cwd: new URL('../../fixtures', import.meta.url),
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.trim();
}

/** A command line, the word to complete last, and what it may become. */
const CASES: readonly (readonly [readonly string[], readonly string[]])[] = [
  [['siglip', 'cl'], ['classify']],
  [['siglip', 'classify', '--fo'], ['--format']],
  [
    ['siglip', 'classify', '--format', ''],
    ['csv', 'json', 'ndjson', 'table'],
  ],
  [
    ['siglip', 'parity', 'd'],
    ['diagnose', 'diff', 'dump'],
  ],
  [['siglip', 'parity', 'dump', '--te'], ['--text']],
  [['siglip', 'dump', '--ta'], ['--taps']],
  [['siglip', 'embed', '--text', 'dump', '--out', 'x.npy', '--nor'], ['--normalize']],
  [
    ['siglip', 'completion', ''],
    ['bash', 'fish', 'zsh'],
  ],
];

describe.skipIf(!installed('bash'))('bash', () => {
  test.each(CASES)('%j', async (words, expected) => {
    const script =
      'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _siglip; printf "%s\\n" "${COMPREPLY[@]}"';
    const printed = ran('bash', ['-c', script, await scriptFor('bash'), ...words]);
    expect(printed.split('\n').sort()).toEqual(expected);
  });

  test('an option with =, which bash takes for a word', async () => {
    const script = 'source "$0"; COMP_WORDS=(siglip classify --format = nd); COMP_CWORD=4; _siglip; echo "${COMPREPLY[@]}"'; // prettier-ignore
    expect(ran('bash', ['-c', script, await scriptFor('bash')])).toBe('ndjson');
  });
});

describe.skipIf(!installed('fish'))('fish', () => {
  const completed = async (line: string): Promise<string[]> => {
    const printed = ran('fish', ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', await scriptFor('fish'), line]); // prettier-ignore
    return printed.split('\n').map((row) => row.split('\t')[0]!).sort(); // prettier-ignore
  };

  test.each(CASES)('%j', async (words, expected) => {
    expect(await completed(words.join(' '))).toEqual(expected);
  });
  test('folders for --model, files for pictures, neither for texts', async () => {
    expect(await completed('siglip classify --model ima')).toEqual(['image/', 'images/']);
    expect(await completed('siglip classify images/twemoji-r')).toEqual([
      'images/twemoji-red-apple.png',
      'images/twemoji-rocket.png',
    ]);
    expect(await completed('siglip tokenize ima')).toEqual(['']);
  });
});

test.skipIf(!installed('zsh'))('zsh parses it', async () => {
  expect(ran('zsh', ['-n', await scriptFor('zsh')])).toBe('');
});

test('every command and every option is in every script', async () => {
  const help = async (...path: string[]) => (await siglip([...path, '--help'])).stdout;
  const names = (text: string) => [...text.matchAll(/^  (\w[\w-]+) /gm)].map(([, name]) => name!);
  const commands = names((await help()).split('Commands:')[1]!.split('\n\n')[0]!);
  expect(commands.length).toBeGreaterThan(12);
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await siglip(['completion', shell]);
    for (const command of commands.filter((name) => name !== 'help')) {
      expect(stdout).toContain(command);
      for (const [, option] of (await help(command)).matchAll(/^  (?:-\w, )?--([\w-]+)/gm))
        expect(stdout).toMatch(new RegExp(`(--|-l )${option}\\b`));
    }
  }
});

test('another shell is refused', async () => {
  expect(await siglip(['completion', 'powershell'])).toEqual({
    code: 2,
    stdout: '',
    stderr:
      "siglip: command-argument value 'powershell' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish.\n",
  });
});
