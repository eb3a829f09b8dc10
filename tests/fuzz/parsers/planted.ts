// Parsers with mistakes, one kind each, which the fuzz has to notice. They run only where they are named.
import type { Parser } from './parser.ts';

const kept: Uint8Array[] = [];

const planted = (name: string, read: Parser['read'], names?: RegExp): Parser => ({
  name: `planted-${name}`,
  seeds: () => [Uint8Array.of(0)],
  mutate: (r) => Uint8Array.of(r.below(8)),
  read: async ([byte]) => (byte === 7 ? read(Uint8Array.of(7)) : undefined),
  ...(names && { names }),
});

export const PLANTED: readonly Parser[] = [
  planted('hang', async () => {
    for (;;);
  }),
  planted('growth', async () => {
    for (;;) kept.push(new Uint8Array(1 << 22).fill(1));
  }),
  planted('slow-growth', async () => {
    kept.push(new Uint8Array(1 << 26).fill(1));
    return undefined;
  }),
  planted('crash', async () => process.abort() as undefined),
  planted('engine', async () => (undefined as unknown as string[]).at(0)),
  planted('thrown', async () => {
    throw 'a string';
  }),
  planted('wrong', async () => 'a wrong result'),
  planted(
    'unnamed',
    async () => {
      throw new Error('file x: 7, expected another number');
    },
    /fuzz\.bin/,
  ),
  planted('nothing', async () => undefined),
];
