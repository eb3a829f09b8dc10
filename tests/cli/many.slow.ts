// Commands over many pictures: folders, bad ones among good ones, an end before the last, formats, and --out whole or not
// at all. What a picture's scores and vectors are is tested in classify and embed.
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultModel, pipeline } from 'siglip-ts';
import { image, scratch, siglip } from './harness.ts';

interface Line {
  image: string;
  scores: { label: string; score: number }[];
}

const files = scratch();
const LABELS = ['--labels', 'rocket, pizza, cat'];

/** A copy of a picture. */
function put(from: string, name: string): string {
  mkdirSync(dirname(files.path(name)), { recursive: true });
  cpSync(image(from), files.path(name));
  return files.path(name);
}
const lines = (text: string): Line[] =>
  text.trimEnd().split('\n').map((line) => JSON.parse(line) as Line); // prettier-ignore

const photos = files.path('photos');
const found = [
  put('twemoji-pizza.png', 'photos/10.png'),
  put('twemoji-rocket.png', 'photos/9.txt'), // by its bytes
  put('cat.jpg', 'photos/Z/deep/er/cat'),
  put('twemoji-guitar.png', 'photos/a b.png'),
  put('twemoji-guitar.png', 'photos/ä,"b"\n.png'),
];
put('cat.jpg', 'photos/.hidden/cat.jpg');
put('cat.jpg', 'photos/.cat.jpg');
put('cat.jpg', 'photos/Z/node_modules/cat.jpg');
files.write('photos/notes.png', 'no picture, whatever its name says');
files.write('photos/BM.txt', 'BMW is text that begins as a BMP does');
files.write('photos/nothing', '');
symlinkSync(photos, files.path('photos/circle'));
const broken = files.write('broken.png', readFileSync(found[0]!).subarray(0, 400));

describe('a folder', () => {
  test('is its pictures, by content, recursively, in one order', async () => {
    const { code, stdout, stderr } = await siglip(['classify', photos, ...LABELS, '--format', 'ndjson']); // prettier-ignore
    expect([code, stderr]).toEqual([0, '']);
    expect(lines(stdout).map((line) => line.image)).toEqual(found);
  });

  test('beside files, for embed and preprocess, too', async () => {
    const argv = [broken.replace('broken', 'photos/10'), files.path('photos/Z')];
    const embedded = await siglip(['embed', ...argv, '--json']);
    expect(JSON.parse(embedded.stdout)).toMatchObject({ inputs: [found[0], found[2]] });
    const preprocessed = await siglip(['preprocess', ...argv, '--json']);
    expect(JSON.parse(preprocessed.stdout)).toMatchObject({ shape: [2, 3, 64, 64] });
  });

  test.each([
    ['empty', 'the folder is empty'],
    ['texts', 'no picture among its 2 files'],
  ])('%s: says so, and the others go on', async (name, why) => {
    mkdirSync(files.path(`none/${name}`), { recursive: true });
    if (name === 'texts') for (const n of 'ab') files.write(`none/texts/${n}`, 'text');
    const folder = files.path(`none/${name}`);
    for (const command of [['classify', ...LABELS], ['embed'], ['preprocess']]) {
      const stderr = `siglip: ${folder}: ${why}\n`;
      expect(await siglip([...command, folder])).toEqual({ code: 2, stdout: '', stderr });
      expect(await siglip([...command, folder, found[0]!])).toMatchObject({ code: 1, stderr });
    }
  });
});

describe('classify --format', () => {
  const pictures = [found[1]!, found[4]!];

  test('ndjson has the objects of json, a line each; csv the same, quoted', async () => {
    const as = async (format: string) =>
      (await siglip(['classify', ...pictures, '--label', 'a "b", c', '--label', 'rocket', '--format', format])).stdout; // prettier-ignore
    const json = JSON.parse(await as('json')) as Line[];
    expect(json.map((line) => line.image)).toEqual(pictures);
    expect(lines(await as('ndjson'))).toEqual(json);
    const quoted = (text: string) =>
      /["\n,]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    const rows = json.flatMap((line) =>
      line.scores.map(({ label, score }) => `${quoted(line.image)},${quoted(label)},${score}`),
    );
    expect(await as('csv')).toBe(['image,label,score', ...rows, ''].join('\n'));
    expect(rows[0]).toMatch(/9\.txt,rocket,0\.38\d+$/);
  });

  test('--json is json, and no second format', async () => {
    const argv = ['classify', ...pictures, ...LABELS];
    const [a, b] = [await siglip([...argv, '--json']), await siglip([...argv, '--format', 'json'])];
    expect(a).toEqual(b);
    expect(await siglip([...argv, '--json', '--format', 'csv'])).toMatchObject({
      code: 2,
      stdout: '',
    });
  });

  test('--top has the best only', async () => {
    const argv = ['classify', ...pictures, ...LABELS, '--format', 'ndjson'];
    const all = lines((await siglip(argv)).stdout);
    const best = lines((await siglip([...argv, '--top', '2'])).stdout);
    expect(best).toEqual(all.map((line) => ({ ...line, scores: line.scores.slice(0, 2) })));
    expect(await siglip([...argv, '--top', '0'])).toMatchObject({ code: 2 });
  });

  test("--top of a classifier's own labels: more than the 5 of HF, or fewer", async () => {
    const id2label = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [i, `class ${i}`]));
    await using pipe = await pipeline('image-classification', await defaultModel(), { config: { id2label }, warn() {} }); // prettier-ignore
    await pipe.model.save_pretrained(files.path('classifier'));
    await pipe.image_processor.save_pretrained(files.path('classifier'));
    const argv = ['classify', found[0]!, '--model', files.path('classifier'), '--format', 'ndjson'];
    const counted = async (...more: string[]) =>
      lines((await siglip([...argv, ...more])).stdout)[0]!.scores.length;
    expect([await counted(), await counted('--top', '7'), await counted('--top', '2')]).toEqual([5, 7, 2]); // prettier-ignore
  });

  test('a line is there as soon as it is known', async () => {
    // The second picture is never there: nobody ends stdin.
    const stop = new AbortController();
    const argv = ['classify', found[0]!, '-', ...LABELS, '--format', 'ndjson'];
    const seen: string[] = [];
    const { code } = await siglip(argv, {
      pending: true,
      signal: stop.signal,
      onStdout(text) {
        seen.push(text);
        setTimeout(() => stop.abort(), 50);
      },
    });
    expect([code, seen.length]).toEqual([130, 1]);
    expect(lines(seen[0]!)[0]!.image).toBe(found[0]);
  });
});

describe('bad pictures', () => {
  const argv = [found[0]!, broken, found[1]!, files.path('nowhere.png')];
  const reasons =
    /^siglip: \S+broken\.png: image file is truncated [^\n]+\nsiglip: \S+nowhere\.png: no such file or folder\nsiglip: 2 of 4 pictures left out\n$/;

  test('classify: the others are scored, exit code 1', async () => {
    const { code, stdout, stderr } = await siglip(['classify', ...argv, ...LABELS, '--format', 'ndjson']); // prettier-ignore
    expect([code, lines(stdout).map((line) => line.image)]).toEqual([1, [found[0], found[1]]]);
    expect(stderr).toMatch(reasons);
  });

  test('embed: the others have the rows that they have alone, exit code 1', async () => {
    const out = files.path('some.json');
    const { code, stderr } = await siglip(['embed', ...argv, '--out', out]);
    expect(code).toBe(1);
    expect(stderr).toMatch(reasons);
    const alone = await siglip(['embed', found[0]!, found[1]!, '--json']);
    expect(readFileSync(out, 'utf8')).toBe(alone.stdout);
  });

  test('all of them: exit code 2, and no file', async () => {
    const out = files.path('none.npy');
    const { code, stdout } = await siglip(['embed', broken, '--out', out]);
    expect([code, stdout, readdirSync(files.path('.')).filter((name) => name.includes('none.'))]).toEqual([2, '', []]); // prettier-ignore
  });
});

describe('an end before the last', () => {
  test.each([
    ['classify --json', ['classify', ...LABELS, '--json']],
    ['embed --json', ['embed', '--json']],
  ])('%s prints what is done', async (_, command) => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 1000);
    const result = await siglip([...command, found[0]!, found[1]!, '-'], { pending: true, signal: stop.signal }); // prettier-ignore
    expect(result.code).toBe(130);
    expect(result.stderr).toBe('siglip: note: stopped after 2 of 3 pictures\n');
    const document = JSON.parse(result.stdout) as Line[] | { inputs: string[] };
    const names = Array.isArray(document) ? document.map((line) => line.image) : document.inputs;
    expect(names).toEqual([found[0], found[1]]);
  });

  test('embed --out writes what is done', async () => {
    const out = files.path('stopped.npy');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 1000);
    const argv = ['embed', found[0]!, '-', '--out', out];
    const { code } = await siglip(argv, { pending: true, signal: stop.signal });
    expect([code, statSync(out).size]).toEqual([130, 128 + 4 * 128]);
    expect(JSON.parse(readFileSync(files.path('stopped.names.json'), 'utf8'))).toEqual([found[0]]);
  });
});

describe('progress', () => {
  const five = [...found.slice(0, 4), broken];

  test('how many, how many a second and the time left, on a terminal', async () => {
    const { stderr } = await siglip(['embed', ...five, '--json'], { tty: true });
    expect(stderr).toMatch(/ 0\/5  - pictures\/s  - left  …?\S*10\.png/);
    expect(stderr).toMatch(/\u001b\[2Ksiglip: \S+broken\.png: image file is truncated/);
    expect(stderr).toMatch(/\/5  \d+(\.\d)? pictures\/s  0:0\d left  /);
  });

  test('a bar never ends above what was printed meanwhile', async () => {
    const long = ['--text', 'a', '--text', 'cat '.repeat(20), '--text', 'b'];
    for (const argv of [
      ['classify', ...five, ...LABELS],
      ['embed', ...long],
    ]) {
      const { stderr } = await siglip(argv, { tty: true });
      expect(stderr).toContain('siglip: ');
      // Where a bar begins, the terminal keeps the place (7), and goes back there at its end (8).
      let begun = false;
      for (const [part] of stderr.matchAll(/\u001b7|\u001b8|siglip: /g)) {
        if (part === 'siglip: ') expect(begun).toBe(false);
        else begun = part === '\u001b7';
      }
    }
  });

  test('nothing elsewhere', async () => {
    expect((await siglip(['embed', ...found, '--json'])).stderr).toBe('');
  });

  test('one picture needs none', async () => {
    expect((await siglip(['embed', found[0]!, '--json'], { tty: true })).stderr).toBe('');
  });
});

describe('--out', () => {
  test('replaces what was there, keeps its mode and links to it, and leaves nothing beside', async () => {
    const folder = files.path('out');
    mkdirSync(folder);
    const real = files.write('out/real.json', 'old');
    symlinkSync(real, files.path('out/link.json'));
    const { code } = await siglip(['embed', found[0]!, '--out', files.path('out/link.json')]);
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(real, 'utf8'))).toMatchObject({ shape: [1, 128] });
    expect(readdirSync(folder).sort()).toEqual(['link.json', 'real.json']);
  });

  test.each([
    ['/dev/null/x.npy', 'no such file or folder'],
    ['/no/such/x.npy', 'no such file or folder'],
  ])('%s is refused before the work', async (out, why) => {
    const result = await siglip(['embed', files.path('nowhere.png'), '--out', out]);
    expect(result).toEqual({ code: 2, stdout: '', stderr: `siglip: ${out}: ${why}\n` });
  });

  test('what is no file is written to', async () => {
    const link = files.path('full.json'); // the ending says what is written
    symlinkSync('/dev/full', link);
    const { code, stderr } = await siglip(['embed', found[0]!, '--out', link]);
    expect(code).toBe(2);
    const said = /^siglip: (\S+)full\.json: no space left on the disk; what was computed is in (\S+)\n$/.exec(stderr); // prettier-ignore
    expect(JSON.parse(readFileSync(said![2]!, 'utf8'))).toMatchObject({ inputs: [found[0]] });
    rmSync(dirname(said![2]!), { recursive: true });
  });
});
