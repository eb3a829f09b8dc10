// backend-gpu in browsers, on GPUs in software: right numbers, under a content security policy that forbids eval and
// compiling. They say nothing about the speed of a real GPU. A browser that is not installed is skipped, with the reason.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '@siglip-ts/backend-cpu';
import { pipeline } from 'siglip-ts';
import { type BrowserName, programOf, type Setup, visit } from './browser.ts';
import { root } from './bundle.ts';
import { PICTURES } from './classify.ts';
import { GPU_LABELS, type GpuAnswer } from './gpu-answer.ts';
import { type PageName, serve, type Server } from './server.ts';

let server: Server;
let expected: GpuAnswer['scores'];
beforeAll(async () => {
  server = await serve();
  const task = 'zero-shot-image-classification';
  const classify = await pipeline(task, undefined, { backend: cpu() });
  const images = PICTURES.map((path) => join(root, path));
  expected = await classify(images, GPU_LABELS);
});
afterAll(() => server.close());

const SWIFTSHADER: Setup = {
  args: [
    '--enable-unsafe-swiftshader',
    '--enable-unsafe-webgpu',
    '--use-webgpu-adapter=swiftshader',
  ],
};
/** The pages take four minutes. In Firefox the model has to do, unless SIGLIP_GPU_SUITES=all. */
const RUNS: readonly [BrowserName, 'webgl2' | 'webgpu', Setup, { suite: boolean }][] = [
  ['Chromium', 'webgl2', SWIFTSHADER, { suite: true }],
  ['Chromium', 'webgpu', SWIFTSHADER, { suite: true }],
  ['Firefox', 'webgl2', { screen: true }, { suite: false }],
];

describe.each(RUNS)('%s, %s', (name, mode, setup, { suite }) => {
  if (!programOf(name)) return test.skip(`not installed: no ${name}`);
  if (setup.screen && !existsSync('/usr/bin/xvfb-run'))
    return test.skip('not installed: no /usr/bin/xvfb-run');
  const ask = (page: PageName) =>
    visit(name, server.origin + page, server.answer(), 240, setup) as Promise<unknown>;

  test("the embedded model under default-src 'self', and its memory", async () => {
    const answer = (await ask(`/gpu?mode=${mode}`)) as GpuAnswer;
    expect(answer).toMatchObject({ name: `gpu (${mode})` });
    answer.scores.forEach((scores, i) => {
      const right = new Map(expected[i]!.map((s) => [s.label, s.score]));
      expect(scores.length).toBe(GPU_LABELS.length);
      for (const { label, score } of scores)
        expect(Math.abs(score - right.get(label)!), `${PICTURES[i]} ${label}`).toBeLessThan(1e-4);
    });
    expect(answer.scores.length).toBe(PICTURES.length);
    expect(answer.alive[1]).toBe(answer.alive[0]);
  }, 250_000);

  const wanted = suite || process.env.SIGLIP_GPU_SUITES === 'all';
  test.runIf(wanted)(
    'the conformance suite',
    async () => {
      const answer = await ask(`/gpu-conformance?mode=${mode}`);
      expect(answer).toMatchObject({ code: 0, failures: [] });
    },
    250_000,
  );
});
