// Compares what Pillow made of each file with decodeImage: mode, size, orientation, samples, and the colours of convertRgb.
// Reads the sources and Pillow's lines from a file of JSON, prints a row a source.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { convertRgb, decodeImage, imageFormat, type RawImage } from '@siglip-ts/image';

type Judged = { error: string; message: string } | Readonly<Record<string, unknown>>;
interface Source {
  readonly name: string;
  readonly files: readonly string[];
  readonly judged: readonly Judged[];
}

/** What Pillow reads and this project does not, by our error: no mistake. */
const UNREAD: readonly (readonly [words: RegExp, format: string])[] = [
  [/neither PNG nor JPEG|needs a plug-in/, 'another format by a name of these'],
  [/arithmetic/i, 'JPEG with arithmetic coding'],
];

/** What Pillow refuses for what is not among the pixels, and is read here, by its error. */
const READ: readonly (readonly [words: RegExp, what: string])[] = [
  [/APNG/, 'animation chunks in disorder'],
  [/MAX_TEXT_CHUNK|MAX_TEXT_MEMORY/, 'text beyond its limits'],
  [/Truncated File Read/, 'an end chunk that is cut'],
];

const sha256 = ({ buffer, byteOffset, byteLength }: ArrayBufferView): string =>
  createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');

function decoded(bytes: Uint8Array): Judged {
  let image: RawImage;
  try {
    image = decodeImage(bytes);
  } catch (error) {
    return { error: (error as Error).name, message: (error as Error).message };
  }
  const { mode, width, height, data } = image;
  const orientation = image.orientation || 1; // NaN is what cannot be read, and turns nothing
  const rgb = sha256(convertRgb(image).data);
  return { mode, width, height, orientation, sha256: sha256(data), sha256_rgb: rgb };
}

const { cache, sources } = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as {
  cache: string;
  sources: Source[];
};
const wrong: string[] = [];
const reasons = new Map<string, number>();
const note = (what: string) => void reasons.set(what, (reasons.get(what) ?? 0) + 1);
const rows = sources.map(({ name, files, judged }) => {
  const row = {
    source: name,
    same: 0,
    differing: 0,
    'refused by both': 0,
    'refused only here': 0,
    'only by Pillow': 0,
  };
  files.forEach((file, i) => {
    const bytes = new Uint8Array(readFileSync(file));
    const [theirs, ours] = [judged[i]!, decoded(bytes)];
    const where = relative(cache, file);
    if ('error' in theirs && 'error' in ours) row['refused by both']++;
    else if ('error' in ours) {
      row['refused only here']++;
      const why = UNREAD.find(([words]) => words.test(String(ours.message)))?.[1];
      if (why === undefined) wrong.push(`${where}: refused only here: ${String(ours.message)}`);
      else note(`refused only here: ${why}`);
    } else if ('error' in theirs) {
      row['only by Pillow']++;
      const why = READ.find(([words]) => words.test(String(theirs.message)))?.[1];
      if (why === undefined)
        wrong.push(`${where}: refused only by Pillow: ${String(theirs.message)}`);
      else note(`refused only by Pillow: ${why}`);
    } else {
      const keys = Object.keys(ours) as (keyof typeof ours)[];
      const other = keys.filter((key) => ours[key] !== (theirs as typeof ours)[key]);
      if (other.length === 0) row.same++;
      else {
        row.differing++;
        const shown = (judged: Judged) => JSON.stringify(other.map((key) => (judged as typeof ours)[key])); // prettier-ignore
        wrong.push(`${where} (${imageFormat(bytes)}): ${other.join(', ')}: Pillow ${shown(theirs)}, here ${shown(ours)}`); // prettier-ignore
      }
    }
  });
  return row;
});
console.table(rows);
for (const [what, count] of reasons) console.log(`${count} ${what}`);
for (const line of wrong) console.log(line);
const compared = rows.reduce((sum, { same, differing }) => sum + same + differing, 0);
console.log(`${compared} compared, ${wrong.length} wrong`);
// Where nothing was fetched, nothing is shown.
process.exitCode = wrong.length > 0 || rows.some(({ same }) => same === 0) ? 1 : 0;
