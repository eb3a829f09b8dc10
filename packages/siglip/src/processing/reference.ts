// Whose ids, pixels and scores a folder gets: transformers 4.49's or 5's. The one place that decides it; what then differs is
// where each thing is made.
import { type ModelFiles, readJson } from '@siglip-ts/hub';
import { isOf5, type Reference } from '@siglip-ts/tokenizer';

export type { Reference };

/** What a loader takes that makes ids or pixels. */
export interface ReferenceOption {
  /** Whose ids, pixels and scores these are to be. Default: 5's if transformers 5 wrote the folder. */
  reference?: Reference;
}

const GIVEN = Symbol('reference');

/** The same files, which get these ids and pixels whoever wrote them. Throws TypeError for what is neither. */
export function withReference(files: ModelFiles, reference: Reference | undefined): ModelFiles {
  if (reference === undefined) return files;
  if (!['4.49', '5'].includes(reference))
    throw new TypeError(`reference: ${JSON.stringify(reference)}, expected "4.49" or "5"`);
  return Object.assign(Object.create(files) as ModelFiles, { [GIVEN]: reference });
}

/**
 * Who wrote the folder says:
 *
 * 1. tokenizer_config.json, which is 5's if it has a `backend`, a list of extra_special_tokens or a class that 4 did not have;
 * 2. else config.json, by its transformers_version;
 * 3. else processor_config.json, 5's if the image processor is in it. Late versions of 4 could write that, too, and so it
 *    does not count where the model's own file says 4.
 */
export async function referenceOf(files: ModelFiles): Promise<Reference> {
  const given = (files as { [GIVEN]?: Reference })[GIVEN];
  if (given !== undefined) return given;
  if (isOf5((await readJson(files, 'tokenizer_config.json')) ?? {})) return '5';
  const version = (await readJson(files, 'config.json'))?.transformers_version;
  if (typeof version === 'string') return Number.parseInt(version, 10) >= 5 ? '5' : '4.49';
  return (await readJson(files, 'processor_config.json'))?.image_processor ? '5' : '4.49';
}
