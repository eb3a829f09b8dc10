// SiglipForImageClassification as a run trains it: pictures to the names of their classes.
import { grad, type NamedTensors } from '@siglip-ts/autograd';
import {
  type Backend,
  classificationLoss,
  imageClassification,
  resident,
  type Run,
  Scope,
  Tensor,
} from '@siglip-ts/core';
import { companions } from '@siglip-ts/hub';
import { attentionDropout, loadParameters } from '@siglip-ts/train';
import { SiglipForImageClassification } from 'siglip-ts';
import type { Prepared } from '../data/sample.ts';
import { allOf, type LoadTrainee, modelFilesOf, pixelsOf, preparation, rowsOf } from './trainee.ts';

/** A fresh linear layer where the checkpoint has none for these classes. `seed` draws it. */
export const classifier =
  (classes: readonly string[], seed = 0): LoadTrainee =>
  async (files, b) => {
    const id2label = Object.fromEntries(classes.entries());
    const label2id = Object.fromEntries(classes.map((name, i) => [name, i]));
    await using model = await SiglipForImageClassification.fromPretrained(files, {
      backend: b,
      config: { id2label, label2id, problem_type: 'single_label_classification' },
      ignore_mismatched_sizes: true,
      seed,
      warn() {}, // a fresh classifier is the point
    });
    const { config } = model;
    const others = await companions(files);
    const { checkpoint, shapes } = model.runtime;
    const parameters = await loadParameters(b, checkpoint, { wanted: shapes.keys() });
    const numberOf = new Map(classes.map((name, i) => [name, i]));
    const prepare = await preparation(files, (name) => {
      const label = numberOf.get(name);
      if (label === undefined)
        throw new RangeError(`class "${name}", which is none of the classes`);
      return Int32Array.of(label);
    });
    const logits = async (
      batch: readonly Prepared[],
      p: NamedTensors,
      on: Backend,
      run: Run = {},
    ) => {
      const { data, shape } = pixelsOf(batch, config);
      const pixels = Tensor.from(on, data, shape, 'float32');
      const scope = new Scope(resident(p), '', run);
      const y = await imageClassification(scope, pixels, config.vision_config, classes.length);
      return y.logits;
    };
    return {
      parameters,
      prepare,
      async gradients(batch, frozen, dropout) {
        const run = { dropout: attentionDropout(dropout) };
        const labels = { data: batch.map(({ target }) => target[0]!), shape: [batch.length] };
        const loss = async (p: NamedTensors, tape: Backend) =>
          classificationLoss(
            await logits(batch, p, tape, run),
            labels,
            'single_label_classification',
          );
        const { value, gradients } = await grad(loss, parameters, { frozen });
        return { loss: value, gradients };
      },
      numbers: async () => ({}),
      async evaluate(shards, skipped) {
        const pictures = await allOf(shards, prepare, skipped);
        const rows = await rowsOf(b, pictures, (batch) => logits(batch, parameters, b));
        const right = rows.filter(
          (row, i) => row.indexOf(row.reduce((a, b) => Math.max(a, b))) === pictures[i]!.target[0],
        );
        return { accuracy: right.length / rows.length };
      },
      files: () => modelFilesOf(others, config, 'SiglipForImageClassification', parameters),
    };
  };
