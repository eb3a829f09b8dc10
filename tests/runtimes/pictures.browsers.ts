// Pictures in Chromium and Firefox: all that a page and its worker have, with the pixels that Node has; the formats that
// the browser decodes, against Pillow's pixels; and how the rest is refused.
import { type BinaryLike, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadImage } from 'siglip-ts';
import { BROWSERS_DECODE, type Row, sizeOf, type Verdict } from '../siglip/pipelines/formats.ts';
import { type BrowserName, BROWSERS, programOf, visit } from './browser.ts';
import { root } from './bundle.ts';
import type { Pictures } from './pictures-page.ts';
import { serve } from './server.ts';

const fixture = (name: string) => join(root, 'fixtures', name);
const sha = (data: BinaryLike) => createHash('sha256').update(data).digest('hex');
async function inNode(name: string): Promise<string> {
  const { width, height, data } = await loadImage(fixture(name));
  return `${width}x${height} ${sha(data)}`;
}
/** Eight by four pixels of one colour. */
const plain = (...rgb: number[]) => `8x4 ${sha(Uint8Array.from({ length: 96 }, (_, i) => rgb[i % 3]!))}`; // prettier-ignore

const { files } = JSON.parse(readFileSync(fixture('image/platform.json'), 'utf8')) as {
  files: Row[];
};

describe.each(Object.keys(BROWSERS) as BrowserName[])('%s', (name) => {
  if (!programOf(name)) {
    const { paths, variable } = BROWSERS[name];
    test.skip(`not installed: no ${paths.join(', no ')}, and ${variable} names none`);
    return;
  }
  let found: Pictures;
  beforeAll(async () => {
    const server = await serve();
    afterAll(() => server.close());
    found = (await visit(name, `${server.origin}/pictures`, server.answer(), 60)) as Pictures;
  });

  test.each(['inputs', 'worker'] as const)('%s: the same pixels as in Node', async (where) => {
    const expected = await inNode('images/astronaut-444.jpg');
    const names = Object.keys(found[where]);
    expect(names.length).toBe(where === 'inputs' ? 21 : 15);
    expect(found[where]).toEqual(Object.fromEntries(names.map((key) => [key, expected])));
  });

  test('an <img> is its file, also under alpha; videos, SVG and WebGL are drawn', async () => {
    expect(found.others).toEqual({
      '<img> of a PNG with alpha': await inNode('images/cat-alpha.png'),
      '<video>': plain(0, 0, 0),
      '<img> of SVG': plain(255, 0, 0),
      // Firefox has no WebGL when it is headless.
      'WebGL canvas': name === 'Firefox' ? 'Error: no WebGL' : plain(255, 0, 0),
    });
  });

  test('what is no picture says what it is', () => {
    const message = (pattern: RegExp) => expect.stringMatching(pattern) as string;
    const foreign = message(/pixels of another origin.*Access-Control-Allow-Origin/);
    expect(found.refused).toEqual({
      'a path that is not there': message(/\/no\/such\.png: the server answers 404$/),
      'a page': message(/^Error: \/pictures: .*it is an HTML page$/),
      '<img> without src': 'TypeError: <img>: it has no src',
      '<img> that is broken': message(/<img> http.*\/no\/such\.png: it does not load$/),
      '<img> of another origin': foreign,
      'canvas with pixels of another origin': foreign,
      'canvas of no size': 'Error: canvas: 0 x 0, expected some pixels',
      'ImageBitmap that was closed': 'Error: ImageBitmap: 0 x 0, expected some pixels',
      '<video> without a frame': message(/<video>: no frame yet/),
      'damaged WebP': message(/this browser does not decode this WebP file, convert it/),
    });
  });

  test.each(files.map((row) => [row.name, row] as const))('%s', (format, row) => {
    const verdicts: Readonly<Record<string, Verdict>> = BROWSERS_DECODE[name];
    const verdict = verdicts[format] ?? 'exact';
    const [size, hash] = found.formats[format]!.split(' ');
    if (verdict === 'refused')
      return expect(found.formats[format]).toMatch(/this browser does not decode this \w+/);
    expect(size).toBe(sizeOf(row).join('x'));
    expect(hash === row.sha256_upright ? 'exact' : 'inexact').toBe(verdict);
  });
});
