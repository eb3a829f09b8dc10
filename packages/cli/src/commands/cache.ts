// siglip cache: what was downloaded, whether it is what it should be, and what of it nobody needs.
import type { Command } from 'commander';
import { listCache, pruneCache, verifyCache } from '@siglip-ts/hub';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';
import { plural, print, printable, printJson, scaled, table } from '../terminal/output.ts';

interface CacheOptions {
  cache?: string;
  json?: boolean;
  dryRun?: boolean;
}

export function addCache(program: Command, io: Io): void {
  const cache = program
    .command('cache')
    .summary('list, verify and prune what was downloaded')
    .description('Looks after the folder in which models from the hub and from servers are kept.')
    .addHelpText(
      'after',
      `
Examples:
  siglip cache list
  siglip cache verify
  siglip cache prune --dry-run`,
    );
  const add = (name: string, text: string): Command =>
    cache
      .command(name)
      .description(text)
      .option('--cache <dir>', 'where hub files are kept (default: ~/.cache/siglip-ts)')
      .option('--json', 'print one JSON document');
  add('list', 'The models, with their sizes and when they came.').action((o: CacheOptions) =>
    list(io, o),
  );
  add(
    'verify',
    'Reads every file and compares its sha256 with what the hub said it is. Exit code 1 if one is another.',
  ).action((o: CacheOptions) => verify(io, o));
  add('prune', 'Removes older versions that nothing names any more, and cut downloads.')
    .option('--dry-run', 'only say what would go')
    .action((o: CacheOptions) => prune(io, o));
}

const inBytes = (n: number): string => `${scaled(n)}B`;

async function list(io: Io, o: CacheOptions): Promise<void> {
  const models = await listCache(o.cache);
  if (o.json) return printJson(io, models);
  if (models.length === 0) return print(io, ['No models.']);
  const rows = models.map(({ name, files, bytes, downloaded }) => [
    printable(name),
    String(files),
    inBytes(bytes),
    downloaded.toISOString().slice(0, 10),
  ]);
  print(io, table([['model', 'files', 'size', 'downloaded'], ...rows]));
}

async function verify(io: Io, o: CacheOptions): Promise<void> {
  const found = await verifyCache(o.cache, { signal: io.signal });
  const { bad, checked, bytes, nameless } = found;
  if (o.json) printJson(io, found);
  else {
    const lines = bad.flatMap(({ name, path, why }) => [
      printable(`${name}: ${why}`),
      printable(`  delete ${path}, and it is downloaded anew`),
    ]);
    const rest = nameless > 0 ? `; ${plural(nameless, 'file')} without a hash, by size` : '';
    const verdict = bad.length > 0 ? `${bad.length} bad` : 'all as they should be';
    print(io, [...lines, `${plural(checked, 'file')} (${inBytes(bytes)}) hashed${rest}: ${verdict}.`]); // prettier-ignore
  }
  if (bad.length > 0) throw new Exit(1);
}

async function prune(io: Io, o: CacheOptions): Promise<void> {
  const removed = await pruneCache(o.cache, { dry_run: o.dryRun ?? false });
  const bytes = removed.reduce((sum, { size }) => sum + size, 0);
  if (o.json) return printJson(io, { removed, bytes, dry_run: o.dryRun ?? false });
  const lines = removed.map(({ path, size }) => `${printable(path)}  ${inBytes(size)}`);
  const what = `${inBytes(bytes)} in ${plural(removed.length, 'file')}`;
  print(io, [...lines, `${what} ${o.dryRun ? 'would be freed' : 'freed'}.`]);
}
