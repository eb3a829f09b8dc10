// The gradient of every parameter of a loaded model, for `siglip dump --gradients`. Trains nothing.
import { grad, type NamedTensors } from '@siglip-ts/autograd';
import {
  type Backend,
  call,
  classificationLoss,
  type Ids,
  imageClassification,
  resident,
  Scope,
  siglip,
  Tensor,
} from '@siglip-ts/core';
import { loadParameters } from '@siglip-ts/train';
import {
  type HostTensor,
  SiglipForImageClassification,
  SiglipModel,
  type TensorLike,
} from 'siglip-ts';

type Inputs = Readonly<Record<string, TensorLike>>;
type Switches = Readonly<Record<string, boolean>>;

/** `grad.<HF key>` of every parameter that the loss depends on, in the model's dtype, after one forward with labels. */
export async function gradientsOf(
  model: unknown,
  inputs: Inputs,
  switches: Switches,
): Promise<Map<string, HostTensor>> {
  const loss = lossOf(model, inputs, switches);
  const { backend, checkpoint, dtype, shapes } = (model as SiglipModel).runtime;
  const found = new Map<string, HostTensor>();
  await call(backend, async () => {
    const parameters = await loadParameters(backend, checkpoint, { dtype, wanted: shapes.keys() });
    try {
      const { gradients } = await grad(loss, parameters);
      for (const [key, g] of gradients) found.set(`grad.${key}`, g.host());
      await Promise.all([...found.values()].map((x) => x.data()));
    } finally {
      for (const x of parameters.values()) backend.free(x);
    }
  });
  return found;
}

/** The model's loss as a function of its parameters. Throws for a model or inputs without one. */
function lossOf(model: unknown, inputs: Inputs, switches: Switches) {
  if (model instanceof SiglipModel && switches.return_loss)
    return async (p: NamedTensors, b: Backend): Promise<Tensor> => {
      const ids = (name: string) => (inputs[name] ? idsOf(inputs[name]) : null);
      const more = { attention_mask: ids('attention_mask'), position_ids: ids('position_ids') };
      const o = { return_loss: true, ...sizes(switches), ...more };
      const pixels = pixelsOf(p, b, inputs);
      const y = await siglip(new Scope(resident(p)), pixels, ids('input_ids')!, model.config, o);
      return y.loss!;
    };
  if (model instanceof SiglipForImageClassification && inputs.labels)
    return async (p: NamedTensors, b: Backend): Promise<Tensor> => {
      const { vision_config, num_labels, problem_type } = model.config;
      const [s, pixels] = [new Scope(resident(p)), pixelsOf(p, b, inputs)];
      const y = await imageClassification(s, pixels, vision_config, num_labels, sizes(switches));
      return classificationLoss(y.logits, numbersOf(inputs.labels!), problem_type!);
    };
  throw new TypeError(
    'gradients: no loss; a SiglipModel needs return_loss (--return-loss), a classifier labels',
  );
}

const sizes = (switches: Switches) => ({
  interpolate_pos_encoding: switches.interpolate_pos_encoding ?? false,
});

/** Tensors of a file: a typed array and a shape. */
function numbersOf(x: TensorLike): { data: Float64Array; shape: readonly number[] } {
  const { data, shape } = x as { data: ArrayLike<number | bigint>; shape: readonly number[] };
  return { data: Float64Array.from(Array.from(data, Number)), shape };
}

function idsOf(x: TensorLike): Ids {
  const { data, shape } = numbersOf(x);
  return { data: Int32Array.from(data), shape };
}

function pixelsOf(p: NamedTensors, b: Backend, inputs: Inputs): Tensor {
  const { data, shape } = numbersOf(inputs.pixel_values!);
  return Tensor.from(b, data, shape, p.values().next().value!.dtype);
}
