// What came of an input: read, refused in the project's words, or something that is wrong.
import { ENGINE } from './engine-words.ts';
import type { Parser } from './parsers/parser.ts';

export type Outcome =
  { readonly kind: 'read' } | { readonly kind: 'refused' | 'wrong'; readonly why: string };

export async function judge({ read, names, hf }: Parser, bytes: Uint8Array): Promise<Outcome> {
  try {
    const wrong = await read(bytes);
    return wrong === undefined ? { kind: 'read' } : { kind: 'wrong', why: `result: ${wrong}` };
  } catch (error) {
    if (!(error instanceof Error)) return { kind: 'wrong', why: `thrown: ${String(error)}` };
    const { message } = error;
    const where =
      error.stack
        ?.split('\n')
        .find((line) => /^\s+at /.test(line))
        ?.trim() ?? '';
    if (ENGINE.test(message))
      return { kind: 'wrong', why: `engine's words: ${message} (${where})` };
    if (message === '') return { kind: 'wrong', why: `no message (${where})` };
    if (names && !names.test(message) && !hf?.test(message))
      return { kind: 'wrong', why: `no name: ${message} (${where})` };
    return { kind: 'refused', why: message };
  }
}
