// How long a hostile header takes to be refused. What is refused, and in which words, is in hostile.test.ts.
import { expect, test } from 'vitest';
import { bytesSource, openSafetensors } from '@siglip-ts/safetensors';
import { fileOf } from './fixtures.ts';

test('deep, wide and endless headers end quickly', async () => {
  const many = 1_000_000;
  const hostile = [
    '['.repeat(many),
    '{"a":'.repeat(many),
    `{"a":{"x":${'['.repeat(many)}`,
    `{"a":{"x":"${'\\'.repeat(many)}`,
    `{"a":{"shape":[${'1,'.repeat(many)}1],"dtype":"U8","data_offsets":[0,1]}}`,
    `{"a":{"shape":[${'9'.repeat(many)}]}}`,
    `{"${'a'.repeat(many)}`,
    `{${' '.repeat(many)}`,
    `{"__metadata__":{${Array.from({ length: many / 10 }, (_, i) => `"${i}":""`)}`,
  ];
  const start = performance.now();
  for (const header of hostile)
    await expect(openSafetensors(bytesSource(fileOf(header)))).rejects.toThrow('safetensors file');
  expect(performance.now() - start).toBeLessThan(5000);
});
