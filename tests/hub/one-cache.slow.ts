// A hundred rounds of ten processes that fill one cold cache, some killed with -9.
import { expect, test } from 'vitest';
import { fillTogether } from './one-cache.ts';

test('ten processes at once, a hundred times', { timeout: 1_200_000 }, async () => {
  const { killed, resumed } = await fillTogether(100);
  console.log(`${killed} of 1000 killed, ${resumed} requests for a rest`);
  expect(killed).toBeGreaterThan(50);
});
