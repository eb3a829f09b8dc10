// backend-gpu in Node in mode webgpu, by npm's `webgpu` and the GPU in software that Debian's Chromium brings.
// `npm run test:runtimes`: the package is 132 MB, so it is installed only here, into node_modules/.cache.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { bundle, root } from './bundle.ts';

const PACKAGE = 'webgpu@0.6.2';
const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const run = promisify(execFile);
const programs = join(root, 'node_modules/.cache/siglip-webgpu');

test.skipIf(!existsSync(DRIVER))(
  `the conformance suite; needs ${DRIVER}, of Debian's package chromium-common`,
  async () => {
    mkdirSync(programs, { recursive: true });
    const options = ['--no-save', '--no-audit', '--ignore-scripts'];
    await run('npm', ['install', '--prefix', programs, ...options, PACKAGE]);
    const folder = mkdtempSync(join(tmpdir(), 'siglip-webgpu-'));
    try {
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
      const files = await bundle('gpu-node.ts', { platform: 'node' });
      for (const [name, code] of files) writeFileSync(join(folder, name), code);
      const args = [join(folder, 'gpu-node.js'), join(programs, 'node_modules/webgpu/index.js')];
      const env = {
        ...process.env,
        VK_ICD_FILENAMES: DRIVER,
        LD_LIBRARY_PATH: '/usr/lib/chromium',
      };
      const { stdout } = await run(process.execPath, args, { env });
      expect(stdout).toMatch(/^[1-9]\d* passed, 0 failed, \d+ skipped$/m);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  300_000,
);
