// A process that loads one file through a cache and goes on reading it: what one-cache.ts starts ten of. Not a test.
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { hubFiles } from '@siglip-ts/hub';

const [endpoint = '', cache = '', sha256 = ''] = process.argv.slice(2);
const retry = { attempts: 5, pause: 10 };
const file = await hubFiles('org/model', { endpoint, cache, retry }).open('big');
// As streamed weights are read: long after it was opened, while others finish writing theirs.
for (let i = 0; i < 5; i++) {
  const bytes = await file!.read(0, file!.size);
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new Error('other bytes');
  await setTimeout(20);
}
process.stdout.write('right');
