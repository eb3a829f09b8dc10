// The model classes, one row each: what the Auto classes and the project's own tools know of them, they know from here; a
// pipeline takes the row of its one class. A class more is its file in modeling/ and a row.
import type { Attributes } from '@siglip-ts/core';
import { IMAGE_CLASSIFIER } from './modeling/image-classification.ts';
import type { ModelClass } from './modeling/model-class.ts';
import { SIGLIP_MODEL } from './modeling/siglip-model.ts';
import { TEXT_MODEL } from './modeling/text-model.ts';
import { VISION_MODEL } from './modeling/vision-model.ts';
import { foreignType } from './runtime/folder-kind.ts';

/** Of those that share a model_type the first is its default. */
export const CLASSES: readonly ModelClass[] = [
  SIGLIP_MODEL,
  TEXT_MODEL,
  VISION_MODEL,
  IMAGE_CLASSIFIER,
];

/** Their names, in that order. */
export const classNames = (): string[] => CLASSES.map(({ name }) => name);

/** The class of that name. Throws RangeError for one that is none. */
export function classNamed(name: string): ModelClass {
  const kind = CLASSES.find((kind) => kind.name === name);
  if (!kind)
    throw new RangeError(`model class: "${name}", expected one of ${classNames().join(', ')}`);
  return kind;
}

/**
 * The default class for a config.json's model_type. Throws HF's ValueError text for an unknown one; `from` is what has it.
 */
export function defaultClassOf(dict: Attributes, from: string): ModelClass {
  const type = dict.model_type;
  const kind = CLASSES.find(({ model_type }) => model_type === type);
  if (kind) return kind;
  const types = [...new Set(CLASSES.map(({ model_type }) => model_type))];
  throw new RangeError(
    type === undefined
      ? `Unrecognized model in ${from}. Should have a \`model_type\` key in its config.json: ${types.join(', ')}`
      : foreignType(dict, types),
  );
}

/** The class that a config.json was saved from, by its `architectures`; else the default one. Throws as that does. */
export function classOf(dict: Attributes, from: string): ModelClass {
  const known = defaultClassOf(dict, from);
  const [named] = (dict.architectures as readonly unknown[] | null | undefined) ?? [];
  return CLASSES.find(({ name }) => name === named) ?? known;
}
