// The program for Node and Deno, which have files: prints the answer as JSON. Runs in the root of the repository; its
// argument is the number of threads.
import { readFile } from 'node:fs/promises';
import { classify } from './classify.ts';

const threads = Number(process.argv[2] ?? 1);
const read = async (path: string) => new Uint8Array(await readFile(path));
console.log(JSON.stringify(await classify({ read, options: { threads } })));
