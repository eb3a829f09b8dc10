// All six of Pillow's filters in Pillow's resize, and torch's nearest: every byte, by hashes of what Pillow 13.0.0 and torch 2.13
// give for the same pictures of made-up bytes.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  type Mode,
  type RawImage,
  resizePillow,
  SiglipImageProcessor,
  SiglipImageProcessorFast,
} from '@siglip-ts/image';

const SIZES = [[37, 23], [8, 50], [100, 7]] as const; // prettier-ignore
const TO = [[64, 64], [16, 16], [5, 40], [91, 3]] as const; // prettier-ignore
const MODES: readonly (readonly [Mode, number])[] = [['L', 1], ['LA', 2], ['RGB', 3], ['RGBA', 4]]; // prettier-ignore

const bytes = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 255);

// hashlib over im.resize(size, resample).tobytes(), in the order of the loops
test.each([
  ['nearest', 'a1c794c7d8691a5a873a3a046f919a82bfd6f48ec44326a66ab3328106949c4f'],
  ['lanczos', '312be062335830844ab8e316a48d5ac4fc13dffd120618be97a463a84dcb9fc2'],
  ['bilinear', 'dd6eeef8ef68419252d12c5fc5150d3a15c189d74fbd71259d61d94f89b6541d'],
  ['bicubic', '52a81b3366f1cbaa56f0c0f0c28c81f054583cb86567baeea5fe267445f6bf1d'],
  ['box', 'b97313c8ee2b459c65ee740c47a2d9ae29c630ae28a11d38f2a230a69273921a'],
  ['hamming', '6abe2c601f12bbaad28c4ab6e5b2b9044c647d97b8a46a1787d0bb0a45c22ba5'],
] as const)('%s as Pillow', (filter, sha256) => {
  const hash = createHash('sha256');
  for (const [mode, channels] of MODES)
    for (const [width, height] of SIZES)
      for (const [w, h] of TO) {
        const image = { mode, width, height, data: bytes(width * height * channels) } as RawImage;
        hash.update(resizePillow(image, { width: w, height: h }, { filter }).data as Uint8Array);
      }
  expect(hash.digest('hex')).toBe(sha256);
});

const plain = { do_rescale: false, do_normalize: false, return_tensors: 'pt' } as const;

test('nearest as torch, in the fast processor', () => {
  const hash = createHash('sha256');
  const processor = new SiglipImageProcessorFast({ resample: 0 });
  for (const [width, height] of SIZES)
    for (const [w, h] of TO) {
      const planes = { data: bytes(3 * width * height), shape: [3, height, width] };
      const size = { width: w, height: h };
      const o = { ...plain, size, input_data_format: 'channels_first' };
      hash.update(processor.preprocess(planes, o).pixel_values.data as Uint8Array);
    }
  expect(hash.digest('hex')).toBe(
    'fbefce76d15a9d996de072d708711610efb48956f258bf5ec7582194963742d5',
  );
});

test('what there is not is said', () => {
  const image: RawImage = { mode: 'RGB', width: 2, height: 2, data: new Uint8Array(12) };
  expect(() => new SiglipImageProcessorFast({ resample: 1 }).preprocess(image)).toThrow(
    'resample 1 (lanczos) is not supported: torchvision resizes tensors by 0, 2 and 3 alone',
  );
  expect(() => new SiglipImageProcessor({ resample: 6 }).preprocess(image)).toThrow(
    'resample 6, expected 0 to 5: nearest, lanczos, bilinear, bicubic, box, hamming',
  );
  expect(() => new SiglipImageProcessor({ size: 64 }).preprocess(image)).toThrow(
    'KeyError: \'height\'; size {"shortest_edge":64}, expected {"height", "width"} in preprocessor_config.json',
  );
});
