// --backend gpu: GPU.js where there is no GPU says so, and one that does not load says how to install it.
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { siglip } from './harness.ts';

const rocket = join(import.meta.dirname, '../../fixtures/images/twemoji-rocket.png');
const argv = ['classify', rocket, '--labels', 'rocket, pizza', '--backend', 'gpu'];

test('computes without a GPU, and says in which mode', async () => {
  const { code, stdout, stderr } = await siglip(argv);
  expect([code, stderr]).toEqual([
    0,
    'siglip: note: GPU.js finds no GPU here and computes without one: gpu (webasm). Slower than backend wasm\n',
  ]);
  expect(stdout).toMatch(/rocket/);
});

test.each([
  ['--threads', '2'],
  ['--weights', 'int8'],
])('%s is not for it', async (...option) => {
  const { code, stderr } = await siglip([...argv, ...option]);
  expect(code).not.toBe(0);
  expect(stderr).toContain('of the backends here only wasm has them');
});

test('without gpu.js it says how to install it', async () => {
  vi.doMock('gpu.js', () => {
    throw new Error("Cannot find package 'gpu.js'");
  });
  try {
    const { code, stdout, stderr } = await siglip(argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      'siglip: backend: "gpu" needs gpu.js, which does not load; npm install gpu.js@2.24.1\n',
    );
  } finally {
    vi.doUnmock('gpu.js');
  }
});
