// Every method of SiglipTokenizer against the sessions that transformers 4.49.0 answered.
import { describe, expect, test } from 'vitest';
import { SiglipTokenizer, type SiglipTokenizerOptions } from '@siglip-ts/tokenizer';
import { golden, model, sha256 } from './goldens.ts';

interface Step {
  get?: string;
  set?: string;
  value?: unknown;
  call?: string;
  args?: unknown[];
  options?: Record<string, unknown>;
  result?: unknown;
  error?: string;
  warnings?: string[];
}
interface Session {
  vocab: string;
  kwargs?: SiglipTokenizerOptions;
  files?: Record<string, unknown>;
  warnings: string[];
  steps: Step[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function make(session: Session, warn: (message: string) => void): SiglipTokenizer {
  const vocab_file = model(session.vocab);
  if (!session.files) return new SiglipTokenizer({ ...session.kwargs, vocab_file, warn });
  const files = new Map([['spiece.model', vocab_file]]);
  for (const [name, content] of Object.entries(session.files))
    files.set(name, encoder.encode(JSON.stringify(content)));
  return SiglipTokenizer.fromFiles(files, { ...session.kwargs, warn });
}

function act(tok: SiglipTokenizer, step: Step): unknown {
  const attributes = tok as unknown as Record<string, unknown>;
  if (step.get) return attributes[step.get];
  if (step.set) return void (attributes[step.set] = step.value);
  if (step.call === 'length') return tok.length;
  const args = [...(step.args ?? [])];
  if (step.call === 'save_pretrained') {
    const files = [...tok.files(args[1] as string | undefined)].sort(([a], [b]) =>
      a < b ? -1 : 1,
    );
    return Object.fromEntries(
      files.map(([name, bytes]) => [
        name,
        name.endsWith('.model') ? sha256(bytes) : decoder.decode(bytes),
      ]),
    );
  }
  if (step.options) args.push(step.options);
  const method = attributes[step.call!] as (...args: unknown[]) => unknown;
  return method.apply(tok, args);
}

/** As JSON has it; the order of keys counts, and Maps are written as Python's dicts were. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([k, v]) => [k, plain(v)]));
  if (value instanceof Int32Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  return value ?? null;
}

const { sessions } = golden<{ sessions: Session[] }>('methods');

describe('methods as in transformers 4.49.0', () => {
  test.each(
    sessions.map(
      (session, i) => [i, session.vocab, JSON.stringify(session.kwargs ?? {}), session] as const,
    ),
  )('session %i: %s %s', (_, __, ___, session) => {
    const heard: string[] = [];
    const take = () => heard.splice(0);
    const tok = make(session, (message) => heard.push(message));
    expect(take()).toEqual(session.warnings);
    for (const step of session.steps) {
      const shown = JSON.stringify({ ...step, result: undefined });
      let found: { result: string } | { error: string };
      try {
        found = { result: JSON.stringify(plain(act(tok, step))) };
      } catch (error) {
        found = { error: (error as Error).message };
      }
      const wanted = step.error
        ? { error: step.error }
        : { result: JSON.stringify(step.result ?? null) };
      expect({ shown, ...found, warnings: take() }).toEqual({
        shown,
        ...wanted,
        warnings: step.warnings ?? [],
      });
    }
  });
});
