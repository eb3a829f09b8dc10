// 8-bit floats widened to float32, against torch 2.13: all 256 codes of both kinds, by the hash of what torch gives.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { isFloat8, widenFloat8 } from '@siglip-ts/safetensors';

const CODES = Uint8Array.from({ length: 256 }, (_, code) => code);

// torch.arange(256, dtype=uint8).view(dtype).float(), each NaN as 0x7fc00000, little-endian
test.each([
  ['F8_E4M3', '422eccfaa21e72a6b26855bb10cdcfead6c1ce3262ecd813c99d8cbf9677f2e2', 126, 448],
  ['F8_E5M2', '229a94c5f728edf2259da970a0e1dfb45cc1d69cce2b30e37659f3212ec4b8b9', 123, 57344],
] as const)('%s', (dtype, sha256, code, largest) => {
  const values = widenFloat8(dtype, CODES);
  const view = new DataView(new ArrayBuffer(1024));
  values.forEach((x, i) => {
    if (Number.isNaN(x)) view.setUint32(4 * i, 0x7fc00000, true);
    else view.setFloat32(4 * i, x, true);
  });
  expect(createHash('sha256').update(new Uint8Array(view.buffer)).digest('hex')).toBe(sha256);
  expect(values[code]).toBe(largest);
});

test('others are refused', () => {
  expect(isFloat8('F8_E4M3FNUZ')).toBe(false);
  expect(() => widenFloat8('F8_E4M3FNUZ', CODES)).toThrow(
    'dtype F8_E4M3FNUZ, expected F8_E4M3 or F8_E5M2',
  );
});
