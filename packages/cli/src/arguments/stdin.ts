// What stdin holds, as bytes: a picture, or texts. It can be read once.
import { addAbortSignal } from 'node:stream';
import { tooMuch } from '@siglip-ts/hub/reading';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';

/** As a picture's file may have. */
const MOST = 128 * 2 ** 20;

/** Ctrl-C ends the wait. Throws Exit for more than 128 MiB, and where it was read before: a command line names it twice. */
export async function stdinBytes(io: Io): Promise<Buffer> {
  if (io.stdin.readableEnded) throw new Exit(2, '"-": stdin was read before, it can be read once');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of addAbortSignal(io.signal, io.stdin)) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    size += bytes.length;
    if (size > MOST) throw new Exit(2, `stdin: ${tooMuch(undefined, MOST).message}`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
