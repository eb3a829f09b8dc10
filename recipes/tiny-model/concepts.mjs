// What there is to know: concepts with their names, and the ways to say them. Knows no pictures.
import { readFileSync } from 'node:fs';

/**
 * A row of concepts.jsonl: `names` (each identifies the thing), `more` (looser but true), `categories` (true but broad),
 * `weight` (how often it is drawn), `key` (`e:` and code points for emoji).
 */
export const concepts = readFileSync(new URL('concepts.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
  .map((c) => ({ ...c, truths: new Set([...c.names, ...c.more, ...c.categories]) }));

/** How often a caption is what; the first is what scores are measured with. */
const TEMPLATES = [
  [0.55, (x) => `This is a photo of ${x}.`],
  [0.15, (x) => `This is a photo of a ${x}.`],
  [0.2, (x) => x],
  [0.1, (x) => `a picture of a ${x}`],
];
const WORDS = [
  [0.72, 'names'],
  [0.23, 'more'],
  [0.05, 'categories'],
];

/** A word that is true of the concept, and the caption made of it. */
export function captionOf(concept, random) {
  const kind = drawn(WORDS, random);
  const words = concept[kind].length > 0 ? concept[kind] : concept.names;
  const word = words[Math.floor(random() * words.length)];
  return { word, caption: drawn(TEMPLATES, random)(word) };
}

function drawn(shares, random) {
  let x = random();
  for (const [share, what] of shares) if ((x -= share) < 0) return what;
  return shares[0][1];
}

/** `n` different ones, the likelier the heavier: exponential keys (Efraimidis and Spirakis). */
export function distinct(items, n, random) {
  return items
    .map((item) => [-Math.log(1 - random()) / item.weight, item])
    .sort(([a], [b]) => a - b)
    .slice(0, n)
    .map(([, item]) => item);
}
