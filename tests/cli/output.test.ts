// How numbers look in the commands' texts.
import { expect, test } from 'vitest';
import { count, plural, scaled } from '../../packages/cli/src/terminal/output.ts';

test.each([
  [0, '0 '],
  [999, '999 '],
  [1000, '1.00 k'],
  [1234567, '1.23 M'],
  [999_499, '999 k'],
  [999_500, '1.00 M'], // rounded, it is the next prefix's
  [999_500_000, '1.00 G'],
  [1.5e18, '1.50e+3 P'],
])('%d with three digits and a prefix', (n, text) => expect(scaled(n)).toBe(text));

test('a count, and what is counted', () => {
  expect(count(1234567)).toBe('1,234,567');
  expect([plural(1, 'image'), plural(2, 'image'), plural(0, 'image')]).toEqual(['1 image', '2 images', '0 images']); // prettier-ignore
});
