// SiglipModel as a run trains it: pictures against captions.
import {
  l2Normalize,
  resident,
  Scope,
  Tensor,
  textTransformer,
  visionTransformer,
} from '@siglip-ts/core';
import { companions } from '@siglip-ts/hub';
import { contrastiveGradients, loadParameters } from '@siglip-ts/train';
import { AutoTokenizer, SiglipModel } from 'siglip-ts';
import type { Prepared } from '../data/sample.ts';
import { evaluate } from '../evaluation.ts';
import {
  allOf,
  idsOf,
  type LoadTrainee,
  modelFilesOf,
  pixelsOf,
  preparation,
  rowsOf,
} from './trainee.ts';

/** `chunk`: pairs that the towers see at a time, a divisor of the batch; all count as negatives whatever it is. */
export const contrastive =
  ({ chunk }: { chunk?: number } = {}): LoadTrainee =>
  async (files, b) => {
    await using model = await SiglipModel.fromPretrained(files, { backend: b });
    const { config } = model;
    const others = await companions(files);
    const { checkpoint, shapes } = model.runtime;
    const parameters = await loadParameters(b, checkpoint, { wanted: shapes.keys() });
    const tokenizer = await AutoTokenizer.fromPretrained(files);
    const max_length = config.text_config.max_position_embeddings;
    const tokens = { padding: 'max_length', truncation: true, max_length, return_tensors: true } as const; // prettier-ignore
    const idsOfCaption = (caption: string) => tokenizer([caption], null, tokens).input_ids.data;
    const prepare = await preparation(files, idsOfCaption);
    const scope = new Scope(resident(parameters));
    return {
      parameters,
      prepare,
      gradients: (batch, frozen, dropout) =>
        contrastiveGradients(
          config,
          parameters,
          {
            pixel_values: pixelsOf(batch, config),
            input_ids: idsOf(batch),
            ...(batch[0]!.patches && { patches: patchesOf(batch) }),
            ...(batch[0]!.also_true && { also_true: alsoTrue(batch) }),
          },
          { frozen, dropout, ...(chunk !== undefined && chunk < batch.length && { chunk }) },
        ),
      async numbers() {
        const value = async (key: string) => (await parameters.get(key)!.data())[0]!;
        return {
          logit_scale: Math.exp(await value('logit_scale')),
          logit_bias: await value('logit_bias'),
        };
      },
      async evaluate(shards, skipped) {
        const pairs = await allOf(shards, prepare, skipped);
        const captions = pairs.map(({ caption }) => caption);
        const firsts = [...new Set(captions)].map((caption) => pairs[captions.indexOf(caption)]!);
        const images = await rowsOf(b, pairs, async (batch) => {
          const { data, shape } = pixelsOf(batch, config);
          const pixels = Tensor.from(b, data, shape, 'float32');
          const y = await visionTransformer(scope.at('vision_model'), pixels, config.vision_config);
          return l2Normalize(y.pooler_output!);
        });
        const texts = await rowsOf(b, firsts, async (batch) => {
          const y = await textTransformer(scope.at('text_model'), b, idsOf(batch), config.text_config); // prettier-ignore
          return l2Normalize(y.pooler_output!);
        });
        return { ...evaluate(images, captions, texts) };
      },
      files: () => modelFilesOf(others, config, 'SiglipModel', parameters),
    };
  };

/** [B, K] */
const patchesOf = (batch: readonly Prepared[]) => ({
  data: Int32Array.from(batch.flatMap(({ patches }) => [...patches!])),
  shape: [batch.length, batch[0]!.patches!.length],
});

/** [B, B], a row a text. */
const alsoTrue = (batch: readonly Prepared[]) =>
  Uint8Array.from(batch.flatMap((text) => batch.map((image) => +image.also_true!(text))));
