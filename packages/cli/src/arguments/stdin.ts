// What stdin holds, as bytes: a picture, or texts. It can be read once.
import { addAbortSignal } from 'node:stream';
import { Exit } from '../terminal/errors.ts';
import type { Io } from '../terminal/io.ts';

/** Ctrl-C ends the wait. Throws Exit where it was read before: a command line names it twice. */
export async function stdinBytes(io: Io): Promise<Buffer> {
  if (io.stdin.readableEnded) throw new Exit(2, '"-": stdin was read before, it can be read once');
  const chunks: Buffer[] = [];
  for await (const chunk of addAbortSignal(io.signal, io.stdin))
    chunks.push(Buffer.from(chunk as Uint8Array | string));
  return Buffer.concat(chunks);
}
