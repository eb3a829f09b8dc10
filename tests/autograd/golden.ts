// Reads the goldens under fixtures/train and evaluates the loss of each as a function of parameters. Not a test.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedTensors } from '@siglip-ts/autograd';
import {
  type Backend,
  classificationLoss,
  type DType,
  type Ids,
  imageClassification,
  type ProblemType,
  resident,
  Scope,
  siglip,
  SiglipConfig,
  Tensor,
} from '@siglip-ts/core';
import { bytesSource, openSafetensors, type StoredTensor } from '@siglip-ts/safetensors';
import { type Case, loadCase } from '../siglip/modeling/golden.ts';

const root = join(import.meta.dirname, '../../fixtures/train');
export const cases = readdirSync(root)
  .filter((f) => f.endsWith('-float64.safetensors'))
  .map((f) => f.slice(0, -'-float64.safetensors'.length));

export interface Golden {
  readonly model: Case;
  readonly inputs: readonly string[];
  readonly options: Record<string, boolean | string>;
  /** Where the model's own has a row that sees nothing. */
  readonly attention_mask: Ids | null;
  readonly loss: number;
  /** Before each of ten steps and after the last; null where nothing was trained. */
  readonly losses: Float64Array | null;
  readonly gradients: ReadonlyMap<string, Float64Array>;
}

const wide = ({ data }: StoredTensor) =>
  Float64Array.from(data as Iterable<number | bigint>, Number);

const idsOf = (x: StoredTensor): Ids => ({ data: Int32Array.from(wide(x)), shape: x.shape });

export async function loadGolden(name: string, dtype: 'float64' | 'float32'): Promise<Golden> {
  const bytes = readFileSync(join(root, `${name}-${dtype}.safetensors`));
  const file = await openSafetensors(bytesSource(bytes));
  const { model, inputs, options } = JSON.parse(file.metadata.get('golden')!);
  const read = async (key: string) => wide(await file.read(key));
  const gradients = new Map<string, Float64Array>();
  for (const key of file.tensors.keys())
    if (key.startsWith('grad.')) gradients.set(key.slice('grad.'.length), await read(key));
  return {
    model: await loadCase(model),
    inputs,
    options,
    attention_mask: file.tensors.has('attention_mask')
      ? idsOf(await file.read('attention_mask'))
      : null,
    loss: (await read('loss'))[0]!,
    losses: file.tensors.has('losses') ? await read('losses') : null,
    gradients,
  };
}

/** The parameters that the golden's model has. */
export async function parametersOf(b: Backend, g: Golden, dtype: DType): Promise<NamedTensors> {
  const { checkpoint } = g.model;
  const parameters = new Map<string, Tensor>();
  for (const [key, shape] of checkpoint.shapes) {
    const values = await checkpoint.read(key, 0, shape[0]!, dtype);
    parameters.set(key, Tensor.constant(b, values as Float32Array, shape, dtype));
  }
  return parameters;
}

/** The golden's loss, written with parameters on b. */
export async function lossOf(g: Golden, p: NamedTensors, b: Backend): Promise<Tensor> {
  const { dtype } = p.values().next().value!;
  const stored = (name: string) => {
    const key = g.inputs.find((n) => n.split('~')[0] === name);
    return key === undefined ? null : g.model.inputs.get(key)!;
  };
  const scope = new Scope(resident(p));
  const config = SiglipConfig.from_dict(g.model.config);
  const images = stored('pixel_values')!;
  const pixels = Tensor.from(b, wide(images), images.shape, dtype);
  const labels = stored('labels');
  if (labels) {
    const { logits } = await imageClassification(
      scope,
      pixels,
      config.vision_config,
      config.num_labels,
    );
    const given = { data: wide(labels), shape: labels.shape };
    return classificationLoss(logits, given, g.options.problem_type as ProblemType);
  }
  const options = { ...g.options, attention_mask: g.attention_mask };
  return (await siglip(scope, pixels, idsOf(stored('input_ids')!), config, options)).loss!;
}
