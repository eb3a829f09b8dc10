// The program that every bundler, browser and runtime is given: it classifies a picture with the embedded model, as a user
// would write it, and says what it found. The scores must be Node's, to the bit.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type LoadOptions, pipeline } from 'siglip-ts';
import type { Project } from './pack.ts';

const root = join(import.meta.dirname, '../..');
export const picture = readFileSync(join(root, 'fixtures/images/cat.jpg'));
export const LABELS = ['a rocket', 'a cat', 'a guitar'];

interface Program {
  /** The embedded model as files beside the program, or as bytes in a module. */
  readonly model?: 'files' | 'inline';
  /** An expression for the picture. */
  readonly image: string;
  /** More options of the pipeline, as text. */
  readonly options?: string;
  readonly imports?: string;
  /** What is done with `answer`, scores or an error. */
  readonly report: string;
}

export const POST = (url = '/answer') =>
  `await fetch('${url}', { method: 'POST', body: JSON.stringify(answer) });`;

/** As a module without top-level await, so that it can also be a classic script. */
export const program = ({ model = 'files', image, options = '', imports = '', report }: Program) =>
  `import { pipeline } from 'siglip-ts';
${model === 'inline' ? "import { tinyModel } from '@siglip-ts/tiny-model/inline';\n" : ''}${imports}
async function main() {
  let answer;
  try {
    const model = ${model === 'inline' ? 'await tinyModel()' : 'undefined'};
    const classify = await pipeline('zero-shot-image-classification', model, {${options}});
    answer = await classify(${image}, ${JSON.stringify(LABELS)});
    await classify.dispose();
  } catch (error) {
    answer = { error: String(error), stack: error.stack };
  }
  ${report}
}
main();
`;

/** What a page runs. */
export const PAGE = { image: "new URL('cat.jpg', location.href)", report: POST() } as const;

/** A page that runs a script. */
export const html = (script: string, type = 'module') =>
  `<!doctype html><meta charset="utf-8"><title>siglip-ts</title><link rel="icon" href="data:,">
<script type="${type}" src="${script}"></script>
`;

/** The scores as this Node gives them, on the packages as they are built here. */
export async function expectScores(answer: unknown, options?: LoadOptions): Promise<void> {
  await using classify = await pipeline('zero-shot-image-classification', undefined, options);
  expect(answer).toEqual(await classify(picture, LABELS));
}

/** Writes the picture into a project. */
export const writePicture = (project: Project, path: string) => project.write({ [path]: picture });
