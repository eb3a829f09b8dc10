// A pipeline as a server for many requests, good, broken and hostile ones: each answer is the right one, nothing is reached that
// should not be, and memory stays as it is. REQUESTS=24000 and SEED=text by the environment; what is asked is in requests.ts.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pipeline, type ZeroShotImageClassificationPipeline } from 'siglip-ts';
import { ENGINE } from '../fuzz/engine-words.ts';
import { type Answer, Client } from './client.ts';
import { type Hosts, startHosts } from './hosts.ts';
import { goodPictures } from './pictures.ts';
import { type Memory, type ServerProcess, startServer } from './process.ts';
import { type All, type Asked, FIXED, type Question, request } from './requests.ts';

const COUNT = Number(process.env['REQUESTS'] ?? 600);
const SEED = process.env['SEED'] ?? 'server';
const AT_ONCE = 8;
/** Requests between two looks at the memory. */
const ROUND = Math.max(100, COUNT / 48);
/** After which all that is remembered or grows once is there. */
const WARM = Math.min(2000, COUNT / 2);
/** Of what cannot be known before, one in so many is computed again. */
const SAMPLE = 10;
const MB = 2 ** 20;

let pictures: All;
let hosts: Hosts;
let server: ServerProcess;
let client: Client;
/** Answers of quiet single calls, by picture and labels. */
const known = new Map<Uint8Array, Map<readonly string[], string>>();
const samples: { question: Question; answer: Answer; kind: string }[] = [];

/** What a pipeline makes of a question where nothing else is asked. */
async function quiet(of: ZeroShotImageClassificationPipeline, { image, labels }: Question) {
  const limits = { maxPixels: 2e6, maxScanSamples: 10e6 };
  return of(image, labels, limits).then(
    (scores) => ({ status: 200, text: JSON.stringify(scores) }),
    (error: Error) => ({ status: 422, text: JSON.stringify({ error: error.message }) }),
  );
}

beforeAll(async () => {
  pictures = await goodPictures();
  const classify = await pipeline('zero-shot-image-classification');
  const all = new Map([...pictures.large, ...pictures.small]);
  for (const image of all.values()) {
    const found = new Map<readonly string[], string>();
    for (const labels of FIXED) found.set(labels, (await quiet(classify, { image, labels })).text);
    known.set(image, found);
  }
  await classify.dispose();
  hosts = await startHosts(all);
  server = await startServer(hosts.port);
  client = new Client(server.port);
});
afterAll(async () => {
  client?.close();
  await hosts?.close();
  await server?.end();
});

/** What is wrong with an answer. What cannot be said yet is kept. */
function judged(kind: string, { expected }: Asked, answer: Answer | undefined): string | undefined {
  if (answer === undefined) return undefined;
  const { status, text } = answer;
  if (ENGINE.test(text) && status !== 200) return "engine's words";
  if ('words' in expected!) {
    if (status !== expected.status) return `expected ${expected.status}`;
    return status === 408 || expected.words.test(JSON.parse(text).error) ? undefined : `expected ${expected.words}`; // prettier-ignore
  }
  const { of, kind: what } = expected!;
  if (what === 'fixed')
    return text === known.get(of.image)!.get(of.labels) ? undefined : 'not what a quiet call gives';
  if (samples.length * SAMPLE <= seen[what]++) samples.push({ question: of, answer, kind });
  if (what === 'broken') return status === 200 || status === 422 ? undefined : 'expected 200 or 422'; // prettier-ignore
  return status === 200 ? undefined : 'expected 200';
}
const seen = { new: 0, broken: 0 };

/** Without libvips' own words, which threads share: of two errors at once one has "Unknown error". */
const plain = ({ status, text }: Answer): Answer => ({
  status,
  text: text.replace(/(sharp does not decode this \w+ file) \([^)]*\)/, '$1'),
});

const wrong: string[] = [];
const counts = new Map<string, number>();

async function one(index: number): Promise<void> {
  if (server.ended() !== null)
    throw new Error(
      `the server ended before request ${index}: ${server.ended()}: ${server.said()}`,
    );
  const [kind, asked] = request(SEED, index, pictures);
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const answer = await client.ask(asked).catch((error: Error) => ({ status: 0, text: error.message })); // prettier-ignore
  const why = judged(kind, asked, answer);
  if (why === undefined) return;
  const shown = asked.isJson ? String(asked.body).slice(-200) : asked.path.slice(0, 200);
  wrong.push(`${index} ${kind}: ${why}: ${answer!.status} ${answer!.text.slice(0, 300)} (${shown})`); // prettier-ignore
}

async function round(from: number, to: number): Promise<void> {
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < to) await one(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const middle = (numbers: number[]): number => numbers.sort((a, b) => a - b)[numbers.length >> 1]!;

test(`${COUNT} requests, ${AT_ONCE} at once`, { timeout: 3_600_000 }, async () => {
  const looks: (Memory & { after: number })[] = [];
  const began = performance.now();
  for (let from = 0; from < COUNT; from += ROUND) {
    const to = Math.min(COUNT, from + ROUND);
    await round(from, to);
    looks.push({ after: to, ...(await server.memory()) });
  }
  const seconds = (performance.now() - began) / 1000;
  if (process.env['REQUESTS']) {
    console.log(`${COUNT} in ${seconds.toFixed(1)} s, ${(COUNT / seconds).toFixed(0)} a second`);
    console.table(Object.fromEntries(counts));
    console.table(looks.map(({ after, rss, heapUsed, external, open }) => ({ after, rss: Math.round(rss / MB), heapUsed: +(heapUsed / MB).toFixed(1), external: +(external / MB).toFixed(1), open }))); // prettier-ignore
  }
  expect(wrong).toEqual([]);
  expect(server.said()).toBe('');
  expect(hosts.secrets).toEqual([]);

  const fresh = await pipeline('zero-shot-image-classification');
  for (const { question, answer, kind } of samples)
    expect({ kind, ...plain(answer) }).toEqual({ kind, ...plain(await quiet(fresh, question)) });
  await fresh.dispose();

  const warm = looks.filter(({ after }) => after >= WARM);
  const half = Math.ceil(warm.length / 2);
  const growth = (of: 'rss' | 'heapUsed' | 'external' | 'open'): number =>
    middle(warm.slice(-half).map((look) => look[of])) -
    middle(warm.slice(0, half).map((look) => look[of]));
  expect(growth('heapUsed')).toBeLessThan(4 * MB);
  expect(growth('external')).toBeLessThan(16 * MB);
  expect(growth('rss')).toBeLessThan(48 * MB);
  expect(growth('open')).toBeLessThan(10);
  expect(await server.end()).toBe(0);
});
