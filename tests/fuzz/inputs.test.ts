// Inputs of the fuzz: the same again for the same seed and number, others for another seed, and few that are not edited.
import { expect, test } from 'vitest';
import { inputs } from './inputs.ts';
import { PARSERS } from './parsers/index.ts';

test.each(PARSERS)(
  '$name: an input is its seed and its number, and most are not their seeds',
  (parser) => {
    const [one, again, other] = [inputs(parser, 1), inputs(parser, 1), inputs(parser, 2)];
    const texts = (of: (index: number) => Uint8Array) =>
      Array.from({ length: 40 }, (_, i) => Buffer.from(of(i)).toString('latin1'));
    const [first, second, third] = [texts(one), texts(again).toReversed(), texts(other)];
    expect(second.toReversed()).toEqual(first);
    expect(first.filter((text, i) => text !== third[i]).length).toBeGreaterThan(20);
    const seeds = new Set(parser.seeds().map((seed) => Buffer.from(seed).toString('latin1')));
    expect(first.filter((text) => !seeds.has(text)).length).toBeGreaterThan(20);
  },
);
