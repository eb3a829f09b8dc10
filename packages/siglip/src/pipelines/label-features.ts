// What the text tower makes of labels, and the memory of it. Which labels fit a picture is
// zero-shot-image-classification.ts's business.
import { fields } from '@siglip-ts/core';
import type { SiglipModel } from '../modeling/siglip-model.ts';
import { type AnyTokenizer, toFullLength } from '../processing/tokenizer.ts';
import { type RunOptions, runOptions } from '../runtime/running.ts';

/** How labels become texts, and texts tokens. */
export interface LabelOptions extends Pick<RunOptions, 'breathe'> {
  /** Aborts the call. */
  signal?: AbortSignal | undefined;
  /**
   * Where the label goes: "{}". Default "This is a photo of {}." Of several, as papers use them, a label's vector is the
   * mean of the normalised vectors of its texts, normalised again.
   */
  hypothesis_template?: string | readonly string[];
  /** Passed to the tokenizer. HF deprecates it; for a folder of transformers 5 it is dropped, as there. */
  tokenizer_kwargs?: Record<string, unknown>;
  /** Receives how many texts are encoded, of those that were not remembered, after each 64. */
  on_text?: (done: number, total: number) => void;
}

export interface LabelParts {
  model: SiglipModel;
  tokenizer: AnyTokenizer;
  /** Rows of labels that were seen before, by label and options; the one that was used last is the last. */
  seen: Map<string, ArrayLike<number>>;
}

/** The sentence around a label, where no other is given. */
export const TEMPLATE = 'This is a photo of {}.';

/** Labels that are remembered: at 768 numbers each, 24 MB. */
const MOST_LABELS = 8192;

/** Texts that are encoded at once: more would take more memory and no less time. A row's bits do not depend on the others. */
const PIECE = 64;

/**
 * The features [n, D] of labels, not normalised. The texts of those that were not seen before are padded to the full
 * length, as SigLIP was trained, and not truncated, so that a text that is too long says so; transformers 5 truncates.
 */
export async function labelFeatures(
  { model, tokenizer, seen }: LabelParts,
  labels: readonly string[],
  o: LabelOptions,
): Promise<{ data: Float64Array; shape: number[] }> {
  const templates = [o.hypothesis_template ?? TEMPLATE].flat();
  if (templates.length === 0 || !templates.every((text: unknown) => typeof text === 'string'))
    throw new TypeError(`hypothesis_template: ${fields.shown(o.hypothesis_template)}, expected a text or at least one in a list`); // prettier-ignore
  for (const template of templates)
    if (!takesLabel(template))
      throw new RangeError(`hypothesis_template: "${template}" has no {} where a label could go`);
  const options = JSON.stringify([templates, o.tokenizer_kwargs ?? null]);
  // The call's own: what another call forgets, it still has.
  const rows = new Map<string, ArrayLike<number>>();
  const remember = (label: string, row: ArrayLike<number>): void => {
    rows.set(label, row);
    seen.delete(options + label);
    seen.set(options + label, row);
    if (seen.size > MOST_LABELS) seen.delete(seen.keys().next().value!);
  };
  const fresh: string[] = [];
  for (const label of new Set(labels)) {
    const row = seen.get(options + label);
    if (row) remember(label, row);
    else fresh.push(label);
  }

  const texts = fresh.flatMap((label) => templates.map((text) => fillTemplate(text, label)));
  const how = { ...lengthOf(tokenizer, model, o), return_tensors: true } as const;
  expectPositions(how, model.config.text_config.max_position_embeddings);
  const encoding = texts.length > 0 ? Object.entries(tokenizer(texts, null, how)) : [];
  let sum: Float64Array | undefined;
  for (let done = 0; done < texts.length;) {
    o.signal?.throwIfAborted();
    const end = Math.min(done + PIECE, texts.length);
    const piece = encoding.map(([name, { data, shape }]) => {
      const row = data.length / shape[0]!;
      const part = { data: data.subarray(done * row, end * row), shape: [end - done, ...shape.slice(1)] }; // prettier-ignore
      return [name, part];
    });
    const inputs = Object.fromEntries(piece) as Parameters<SiglipModel['get_text_features']>[0];
    const features = await model.get_text_features({ ...inputs, ...runOptions(o) });
    const numbers = await features.data();
    const width = features.shape[1]!;
    for (let at = 0; done < end; at += width) {
      const row = numbers.slice(at, at + width);
      if (templates.length > 1) addUnit((sum ??= new Float64Array(width)), row);
      done++;
      if (done % templates.length > 0) continue;
      remember(fresh[done / templates.length - 1]!, sum ?? row);
      sum = undefined;
    }
    o.on_text?.(done, texts.length);
  }

  const width = rows.get(labels[0]!)!.length;
  const data = new Float64Array(labels.length * width);
  labels.forEach((label, i) => data.set(rows.get(label)!, i * width));
  return { data, shape: [labels.length, width] };
}

/** What transformers 5's pipeline pads and cuts texts to, whatever the model. */
const LENGTH_IN_5 = 64;

/** Options of the tokenizer's call. Of a model with fewer than 64 positions 5 cannot run: it gets as many as it has. */
function lengthOf(tokenizer: AnyTokenizer, { config }: SiglipModel, o: LabelOptions): object {
  const positions = config.text_config.max_position_embeddings;
  if (tokenizer.reference !== '5')
    return { ...toFullLength(tokenizer, positions), ...o.tokenizer_kwargs };
  const max_length = Math.min(LENGTH_IN_5, positions);
  return { padding: 'max_length', truncation: true, max_length };
}

/** Refuses a length that the model would refuse, before memory is taken for so many tokens of each text. */
function expectPositions(how: object, positions: number): void {
  const o: { padding?: unknown; max_length?: unknown; pad_to_multiple_of?: unknown } = how;
  const length = Math.max(o.padding === 'max_length' ? Number(o.max_length ?? 0) : 0, Number(o.pad_to_multiple_of ?? 0)); // prettier-ignore
  if (length > positions)
    throw new RangeError(`tokenizer_kwargs: texts padded to ${length} tokens, expected at most ${positions}, the positions of the model`); // prettier-ignore
}

/** Adds a vector of length 1. The sum of several has the direction of their mean, and only that counts. */
function addUnit(sum: Float64Array, row: ArrayLike<number>): void {
  let squares = 0;
  for (let i = 0; i < row.length; i++) squares += row[i]! ** 2;
  const length = Math.sqrt(squares);
  for (let i = 0; i < row.length; i++) sum[i]! += row[i]! / length;
}

/** Python's str.format with one argument, as far as a template needs it: {} and {0}, doubled braces for plain ones. */
export function fillTemplate(template: string, label: string): string {
  return template.replace(/\{\{|\}\}|\{0?\}/g, (found) =>
    found === '{{' ? '{' : found === '}}' ? '}' : label,
  );
}

/** Whether a template has a place for the label. */
export const takesLabel = (template: string): boolean =>
  fillTemplate(template, 'a') !== fillTemplate(template, 'b');
