// The checkpoint the run starts from: HF's initial weights, the paper's temperature, a bias for this batch, and towers
// whose outputs are centred. Uncentred, texts share a cosine of 0.9 and nothing is learned for hundreds of steps.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resident, Scope, Tensor, textTransformer, visionTransformer } from '@siglip-ts/core';
import { startAsPaper } from '@siglip-ts/train';
import { contrastive } from '@siglip-ts/trainer';
import { folderFiles, SiglipConfig, SiglipModel } from 'siglip-ts';

const model = new URL('../../packages/tiny-model/model/', import.meta.url).pathname;

/** Writes it to `folder`. `batch`: what the outputs are centred over. */
export async function writeStart(folder, { backend, seed, batch, batch_size }) {
  mkdirSync(folder, { recursive: true });
  const config = SiglipConfig.from_dict(
    JSON.parse(readFileSync(join(model, 'config.json'), 'utf8')),
  );
  const fresh = await SiglipModel.fromConfig(config, { backend, seed });
  await fresh.save_pretrained(folder);
  for (const name of [
    'spiece.model',
    'tokenizer_config.json',
    'special_tokens_map.json',
    'preprocessor_config.json',
  ])
    writeFileSync(join(folder, name), readFileSync(join(model, name)));
  const trainee = await contrastive()(folderFiles(folder), backend);
  const { parameters } = trainee;
  const set = (key, values) =>
    backend.assign(
      parameters.get(key),
      Tensor.from(backend, values, parameters.get(key).shape, 'float32'),
    );

  startAsPaper(parameters);
  set('logit_bias', [-Math.log(batch_size - 1)]);
  const scope = new Scope(resident(parameters));
  const n = batch.length;
  const pixels = Float32Array.from(batch.flatMap((p) => [...p.pixels]));
  const ids = Int32Array.from(batch.flatMap((p) => [...p.target]));
  const image = await visionTransformer(
    scope.at('vision_model'),
    Tensor.from(backend, pixels, [n, 3, 64, 64], 'float32'),
    config.vision_config,
  );
  const text = await textTransformer(
    scope.at('text_model'),
    backend,
    { data: ids, shape: [n, ids.length / n] },
    config.text_config,
  );
  await less(parameters, 'vision_model.head.mlp.fc2.bias', image.pooler_output, set);
  await less(parameters, 'text_model.head.bias', text.pooler_output, set);
  for (const [name, bytes] of await trainee.files()) writeFileSync(join(folder, name), bytes);
}

/** Takes the mean output away from the bias that is added to it last. */
async function less(parameters, key, outputs, set) {
  const [values, bias] = [
    await outputs.data(),
    Float32Array.from(await parameters.get(key).data()),
  ];
  const [n, D] = outputs.shape;
  for (const [i, value] of values.entries()) bias[i % D] -= value / n;
  set(key, bias);
}
