// The body of an answer, counted while it streams. What is counted are the bytes after any content encoding, since those
// take the memory; a small body that unfolds to nothing but waiting is silence's matter.
import { type Patience, unlessSilent } from './silence.ts';

/** The pieces of a body as they come. Ends the answer when the caller stops before its end, and when it falls silent. */
export async function* chunksOf(
  response: Response,
  patience: Patience,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader();
  if (reader === undefined) {
    // Some engines' answers have no stream.
    const all = new Uint8Array(await response.arrayBuffer());
    if (all.length > 0) yield all;
    return;
  }
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  try {
    for (;;) {
      const { value } = await unlessSilent(reader.read(), patience, cancel);
      if (value === undefined) return;
      yield value;
    }
  } finally {
    cancel();
  }
}

/** A whole body of at most `limit` bytes; `option` is what sets that, if any does. Throws RangeError where it has more. */
export async function bodyOf(
  response: Response,
  limit: number,
  option: string | undefined,
  patience: Patience,
): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(response.headers?.get('content-length') ?? NaN);
  if (declared > limit) {
    await response.body?.cancel().catch(() => undefined);
    throw tooMuch(declared, limit, option);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(response, patience)) {
    size += chunk.length;
    if (size > limit) throw tooMuch(undefined, limit, option);
    chunks.push(chunk);
  }
  return concatenate(chunks, size);
}

/** Chunks of `size` bytes in all as one array. */
export function concatenate(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** What is larger than it may be; its size, where that is known. */
export function tooMuch(size: number | undefined, limit: number, option?: string): RangeError {
  const found = `${size ?? `more than ${limit}`} bytes, expected at most ${limit}`;
  return new RangeError(
    option === undefined ? found : `${found}; the option ${option} says how many`,
  );
}
