// What strangers ask, by chance that comes again: each request with what its answer has to be. How it is sent is client.ts's.
import { gzipSync } from 'node:zlib';
import { mutateJpeg } from '../fuzz/mutate/jpeg.ts';
import { mutatePng } from '../fuzz/mutate/png.ts';
import { type Random, randomOf } from '../fuzz/random.ts';
import { BOMBS, type Pictures } from './pictures.ts';
import { WRONG_NUMBERS, WRONG_OPTIONS } from './wrong-options.ts';

/** What is classified, for whoever computes it again. */
export interface Question {
  readonly image: Uint8Array;
  readonly labels: readonly string[];
}

/** Right is an error of these words, or what a quiet pipeline makes of the question. */
export type Expected =
  | { readonly status: number; readonly words: RegExp }
  | { readonly of: Question; readonly kind: 'fixed' | 'new' | 'broken' };

export interface Asked {
  readonly path: string;
  readonly isJson?: boolean;
  readonly body: string | Uint8Array;
  /** Absent where the client leaves. */
  readonly expected?: Expected;
  /** The client leaves: after so many milliseconds, or after half of the body. */
  readonly leaves?: number | 'half';
  /** Half of the body comes, and then nothing. */
  readonly stalls?: boolean;
}

export interface All {
  readonly large: Pictures;
  readonly small: Pictures;
}

/** Some that templates, objects and tokenizers might stumble over. */
export const FIXED: readonly (readonly string[])[] = [
  ['rocket', 'pizza', 'guitar', 'cat'],
  ['a cat', 'two cats', 'a cup of coffee', 'an astronaut', 'a photographer', 'a bicycle'],
  ['rocket'],
  ['constructor', '__proto__', 'toString', 'hasOwnProperty'],
  ['', ' ', '{}', '{0}', '{{', '$&', '%s', '\u0000', '</s>'],
  ['ÄÖ', '猫', '🚀', '👩‍🚀', 'İ', 'ﬁ', '\u202e', 'e\u0301'],
  ['cat', 'cat', 'dog'],
  Array.from({ length: 40 }, (_, i) => `thing ${i}`),
];

const entry = (r: Random, { large, small }: All) => r.pick([...(r.once(8) ? large : small)]);
const somePicture = (r: Random, all: All): Uint8Array => entry(r, all)[1];
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const says = (words: RegExp, status = 422): Expected => ({ status, words });

const upload = (body: Uint8Array, labels: unknown, expected: Expected, o: object = {}): Asked => ({
  path: `/classify?${new URLSearchParams({ labels: JSON.stringify(labels), ...o })}`,
  body,
  expected,
});
const inJson = (image: unknown, labels: unknown, expected: Expected, options?: unknown): Asked => ({
  path: '/classify',
  isJson: true,
  body: JSON.stringify({ image, labels, options }),
  expected,
});

/** A picture by one of the ways in which it may come. */
function asked(r: Random, all: All, labels: readonly string[], kind: 'fixed' | 'new') {
  const [name, image] = entry(r, all);
  const expected: Expected = { of: { image, labels }, kind };
  const at = 'http://pictures.example.org';
  switch (r.below(6)) {
    case 0:
      return inJson(base64(image), labels, expected);
    case 1:
      return inJson(`data:image/x;base64,${base64(image)}`, labels, expected);
    case 2:
      return inJson(`${at}/${r.pick(['good', 'gzip'])}/${name}`, labels, expected);
    case 3:
      return inJson(`${at}/to?url=/good/${name}`, labels, expected);
    default:
      return upload(image, labels, expected);
  }
}

const newLabels = (r: Random, count: number): string[] =>
  Array.from({ length: count }, () => `label ${r.below(2 ** 32).toString(36)}`);

const REACH =
  /images\.paths is false$|is none of images\.hosts$|not a public address, and images\.private is false$|expected http or https$/;
// prettier-ignore
const REACHING = [
  '/etc/passwd', 'file:///etc/passwd', '.', '../package.json', '/dev/zero', '/proc/self/environ',
  'http://127.0.0.1/secret', 'http://localhost/secret', 'http://[::1]/secret', 'http://2130706433/secret',
  'http://169.254.169.254/latest/meta-data/', 'http://metadata.google.internal/', 'http://10.0.0.1/',
  ...['inner', 'metadata', 'both', 'six'].map((name) => `http://${name}.example.org/secret`),
];
const LEADING = [
  ...REACHING.filter((url) => /^(http|file):/.test(url)),
  'data:image/png;base64,AA',
];

const HOSTS: readonly (readonly [path: string, words: RegExp])[] = [
  ['missing', /: the server answers 404$/],
  ['failing', /: (socket hang up|read ECONNRESET)$/],
  ['bomb', /: more than 2097152 bytes, expected at most 2097152; the option maxBytes/],
  ['endless', /: more than 2097152 bytes, expected at most 2097152; the option maxBytes/],
  ['spoiled', /: incorrect header check$/],
  ['short', /: (aborted|terminated)$/],
  ['round', /: more than 10 redirects, expected a picture$/],
];
const SLOW: typeof HOSTS = [
  ['silent', /: not a byte for 1 s; the option silence says how long to wait$/],
  ['half', /: not a byte for 1 s; the option silence says how long to wait$/],
  ['drip', /: not there within 5 s; the option timeout says how long$/],
];

const NO_LABELS = /^zero-shot-image-classification: no candidate_labels were given$/;
const WRONG_LABELS: readonly (readonly [labels: unknown, words: RegExp])[] = [
  [[], NO_LABELS],
  [undefined, NO_LABELS],
  [null, NO_LABELS],
  ['rocket', /^candidate_labels: "rocket", expected a list of strings$/],
  [[5], /^candidate_labels: \[5\], expected a list of strings$/],
  [[null], /^candidate_labels: \[null\], expected a list of strings$/],
  [{ length: 1 }, /there is no option length/],
  [7, NO_LABELS],
  [['a word '.repeat(300)], /length|positions|tokens/],
];

const BODIES: readonly (readonly [body: string, words: RegExp, status: number])[] = [
  ['', /^the body is no JSON/, 400],
  ['{', /^the body is no JSON/, 400],
  ['{"image":NaN}', /^the body is no JSON/, 400],
  ['null', /images argument|labels/, 422],
  ['[]', /images argument|options/, 422],
  ['"text"', /images argument|options/, 422],
  [`${'['.repeat(50_000)}${']'.repeat(50_000)}`, /images argument|options/, 422],
  [' '.repeat(4_100_000), /^the body has more than 4000000 bytes$/, 413],
];
const WRONG_IMAGES = [5, true, {}, [null], [5], { data: [1], width: 1, height: 1 }, { length: 1 }, '', ' ', 'x']; // prettier-ignore
const NO_IMAGE =
  /^Incorrect (image source|format used for image)|^images\[0\]: |^Cannot call the|^cannot identify image file/;

/** How often each kind comes, of the sum; and what it is. */
const KINDS: Readonly<
  Record<string, readonly [often: number, make: (r: Random, all: All) => Asked]>
> = {
  'fixed labels': [420, (r, all) => asked(r, all, r.pick(FIXED), 'fixed')],
  'new labels': [
    60,
    (r, all) => asked(r, all, [...r.pick(FIXED), ...newLabels(r, 1 + r.below(8))], 'new'),
  ],
  '100 new labels': [50, (r, all) => asked(r, all, ['rocket', ...newLabels(r, 100)], 'new')],
  'cut pictures': [
    50,
    (r, all) => {
      const whole = somePicture(r, all);
      const image = whole.subarray(0, r.below(whole.length));
      return upload(image, FIXED[0], { of: { image, labels: FIXED[0]! }, kind: 'broken' });
    },
  ],
  'edited pictures': [
    80,
    (r, all) => {
      const whole = somePicture(r, all);
      const image = whole[0] === 0x89 ? mutatePng(r, whole) : mutateJpeg(r, whole);
      return upload(image, FIXED[0], { of: { image, labels: FIXED[0]! }, kind: 'broken' });
    },
  ],
  garbage: [
    20,
    (r, all) => {
      const noise = Uint8Array.from({ length: r.below(5000) }, () => r.below(256));
      const body = r.pick([noise, gzipSync(somePicture(r, all)), Buffer.alloc(2 ** 21)]);
      return upload(body, FIXED[0], says(/^cannot identify image file: /));
    },
  ],
  bombs: [
    20,
    (r) => {
      const [body, words] = r.pick(BOMBS);
      return r.once(2)
        ? upload(body, FIXED[0], says(words))
        : inJson(base64(body), FIXED[0], says(words));
    },
  ],
  reaching: [60, (r) => inJson(r.pick(REACHING), FIXED[0], says(REACH))],
  leading: [
    30,
    (r) => {
      const url = encodeURIComponent(r.pick(LEADING));
      return inJson(`http://pictures.example.org/to?url=${url}`, FIXED[0], says(REACH));
    },
  ],
  'odd hosts': [
    40,
    (r) => {
      const [path, words] = r.pick(HOSTS);
      return inJson(`http://pictures.example.org/${path}`, FIXED[0], says(words));
    },
  ],
  'slow hosts': [
    6,
    (r) => {
      const [path, words] = r.pick(SLOW);
      return inJson(`http://pictures.example.org/${path}`, FIXED[0], says(words));
    },
  ],
  leaving: [
    60,
    (r, all) => ({
      ...asked(r, all, ['rocket', ...newLabels(r, r.below(100))], 'new'),
      leaves: r.once(4) ? 'half' : r.below(60),
    }),
  ],
  'leaving slow hosts': [
    6,
    (r) => ({
      ...inJson('http://pictures.example.org/silent', FIXED[0], says(/^/)),
      leaves: r.below(200),
    }),
  ],
  stalling: [
    2,
    (r, all) => ({ ...upload(somePicture(r, all), FIXED[0], says(/^/, 408)), stalls: true }),
  ],
  'wrong bodies': [
    30,
    (r) => {
      const [body, words, status] = r.pick(BODIES);
      return { path: '/classify', isJson: true, body, expected: says(words, status) };
    },
  ],
  'wrong labels': [
    30,
    (r, all) => {
      const [labels, words] = r.pick(WRONG_LABELS);
      return inJson(base64(somePicture(r, all)), labels, says(words));
    },
  ],
  'wrong images': [15, (r) => inJson(r.pick(WRONG_IMAGES), FIXED[0], says(NO_IMAGE))],
  'wrong numbers': [
    20,
    (r, all) => {
      const [options, words] = r.pick(WRONG_NUMBERS);
      return upload(somePicture(r, all), FIXED[0], says(words), options as object);
    },
  ],
  'wrong options': [
    60,
    (r, all) => {
      const [options, words] = r.pick(WRONG_OPTIONS);
      return inJson(base64(somePicture(r, all)), FIXED[0], says(words), options);
    },
  ],
};
const SUM = Object.values(KINDS).reduce((sum, [often]) => sum + often, 0);

/** Request number `index` of a seed, and the name of its kind. */
export function request(seed: string, index: number, pictures: All): [string, Asked] {
  const r = randomOf(`${seed}/${index}`);
  let at = r.below(SUM);
  for (const [kind, [often, make]] of Object.entries(KINDS)) {
    if (at < often) return [kind, make(r, pictures)];
    at -= often;
  }
  throw new Error('no kind');
}
