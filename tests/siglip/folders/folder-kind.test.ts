// Folders that are something else: each way of loading says in one line what the folder is and what to do.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { survey } from '@siglip-ts/inspect';
import {
  AutoModel,
  AutoProcessor,
  AutoTokenizer,
  mapFiles,
  pipeline,
  SiglipImageProcessor,
  SiglipModel,
} from 'siglip-ts';
import { type Changes, json, renamed, type Tensors, text, variant } from './variant.ts';

const POINTER = text(
  `version https://git-lfs.github.com/spec/v1\noid sha256:${'ab'.repeat(32)}\nsize 35\n`,
);
const PAGE = text('\n<!DOCTYPE html><html><body>Sign in</body></html>');
const SOME = new Uint8Array(8);
const EMPTY = {
  'config.json': null,
  'preprocessor_config.json': null,
  'spiece.model': null,
  'special_tokens_map.json': null,
  'tokenizer_config.json': null,
};
const only = (name: string): Changes => ({ files: { 'model.safetensors': null, [name]: SOME } });
const with1 = (key: string): Changes => ({
  tensors: (all: Tensors) =>
    new Map([[key, { dtype: 'U8', shape: [1], data: new Uint8Array(1) }], ...[...all].slice(1)]),
});
const type = (config: object): Changes => ({ config: (old) => ({ ...old, ...config }) });

const PATCH = 'vision_model.embeddings.patch_embedding.weight';
const CASES: readonly (readonly [string, Changes, string])[] = [
  ['a pointer for weights', { files: { 'model.safetensors': POINTER } }, 'model.safetensors is a git-LFS pointer, not the file: run git lfs pull, or download it again'], // prettier-ignore
  ['a pointer for a vocabulary', { files: { 'spiece.model': POINTER } }, 'spiece.model is a git-LFS pointer'], // prettier-ignore
  ['a pointer for a configuration', { files: { 'config.json': POINTER } }, 'config.json is a git-LFS pointer'], // prettier-ignore
  ['a page for weights', { files: { 'model.safetensors': PAGE } }, 'model.safetensors is a web page'], // prettier-ignore
  ['a page for a vocabulary', { files: { 'spiece.model': PAGE } }, 'spiece.model is a web page'],
  ['a page for a processor', { files: { 'preprocessor_config.json': PAGE } }, 'preprocessor_config.json is a web page'], // prettier-ignore
  [
    'an adapter',
    {
      files: {
        ...EMPTY,
        'model.safetensors': null,
        'adapter_config.json': json({ base_model_name_or_path: 'google/siglip-base-patch16-224' }),
        'adapter_model.safetensors': SOME,
      },
    },
    'an adapter of PEFT (adapter_config.json) for google/siglip-base-patch16-224, not a model: merge',
  ],
  [
    'open_clip',
    { files: { ...EMPTY, 'model.safetensors': null, 'open_clip_config.json': json({}), 'open_clip_model.safetensors': SOME } }, // prettier-ignore
    "open_clip's layout (open_clip_config.json): take the model's checkpoint for transformers",
  ],
  [
    'sentence-transformers',
    { files: { ...EMPTY, 'model.safetensors': null, 'modules.json': json([{ idx: 0, path: '0_CLIPModel' }]) } }, // prettier-ignore
    'the model is the folder 0_CLIPModel within',
  ],
  ['NaFlex', type({ model_type: 'siglip2', vision_config: { num_patches: 64 } }), 'NaFlex (model type `siglip2`), whose pictures keep their shape, is not supported: take a checkpoint of fixed resolution'], // prettier-ignore
  ['timm', type({ model_type: undefined, architecture: 'vit_base_patch16_siglip_224', pretrained_cfg: { x: 1 }, vision_config: { hidden_size: 7 } }), "timm's layout (config.json of vit_base_patch16_siglip_224)"], // prettier-ignore
  ['a model with such a tower', type({ model_type: 'paligemma' }), 'a model of type `paligemma` with a vision tower of SigLIP in it'], // prettier-ignore
  ['a pickle', only('pytorch_model.bin'), 'weights in pytorch_model.bin only, a pickle, which is not read as it can run code: in Python, load it with transformers and save_pretrained it anew'], // prettier-ignore
  ['a pickle in parts', only('pytorch_model.bin.index.json'), 'weights in pytorch_model.bin.index.json only'], // prettier-ignore
  ['GGUF', only('siglip-f16.gguf'), 'siglip-f16.gguf is GGUF'],
  [
    'weights of another name',
    only('siglip.safetensors'),
    'weights in siglip.safetensors, expected the name model.safetensors',
  ],
  [
    'a folder of checkpoints',
    { files: { ...EMPTY, 'model.safetensors': null, 'checkpoint-500/config.json': SOME } },
    'no config.json here, but in the folder checkpoint-500 within',
  ],
  ['ONNX', only('onnx/model.onnx'), 'ONNX only (onnx/model.onnx)'],
  ['TensorFlow', only('tf_model.h5'), 'weights of TensorFlow or Flax only (tf_model.h5)'],
  ['npz', only('weights.npz'), 'weights in weights.npz only'],
  ['nf4', with1('vision_model.encoder.layers.0.mlp.fc1.weight.quant_state.bitsandbytes__nf4'), 'weights of 4 bits or packed ("vision_model.encoder.layers.0.mlp.fc1.weight.quant_state.bitsandbytes__nf4")'], // prettier-ignore
  ['GPTQ', with1('vision_model.encoder.layers.0.mlp.fc1.qweight'), 'weights of 4 bits or packed'],
  ['packed', with1('vision_model.encoder.layers.0.mlp.fc1.weight_packed'), 'weights of 4 bits or packed'], // prettier-ignore
  ['quantised by MLX', with1('vision_model.encoder.layers.0.mlp.fc1.scales'), 'weights that MLX has quantised'], // prettier-ignore
  ["MLX's axes", { tensors: (all) => all.set(PATCH, { ...all.get(PATCH)!, shape: [128, 8, 8, 3] }) }, `MLX's layout, channels last (${PATCH} [128,8,8,3])`], // prettier-ignore
  ['DDP', { tensors: renamed((key) => `module.${key}`) }, 'its tensors are named module.*, such as "module.'], // prettier-ignore
  ['torch.compile', { tensors: renamed((key) => `_orig_mod.${key}`) }, 'removeprefix("_orig_mod.")'], // prettier-ignore
  ['a wrapper', { tensors: renamed((key) => `model.${key}`) }, 'its tensors are named model.*'],
  ['a tower of another model', { tensors: renamed((key) => `model.vision_tower.${key}`) }, 'its tensors are named model.vision_tower.*'], // prettier-ignore
  ['flat names', { tensors: (all) => renamed((key) => key.replace('vision_model.', 'tower.'))(new Map([...all].filter(([key]) => key.startsWith('vision')))) }, 'do not begin with vision_model. or text_model.'], // prettier-ignore
  ['an adapter in a model', { tensors: renamed((key) => `base_model.model.${key.replace('q_proj.', 'q_proj.lora_A.')}`) }, 'an adapter of PEFT that is not merged'], // prettier-ignore
  ["Marqo's names", { tensors: renamed((key) => `model.${key.replace('vision_model.encoder.layers', 'visual.trunk.blocks').replace('text_model.encoder.layers', 'text.transformer.resblocks')}`) }, 'open_clip\'s names ("model.'], // prettier-ignore
  ["timm's names", { tensors: renamed((key) => key.replace('vision_model.encoder.layers', 'blocks').replace('self_attn', 'attn')) }, 'timm\'s names ("blocks.0.'], // prettier-ignore
];

test.each(CASES)('%s', async (_, changes, expected) => {
  const files = mapFiles(await variant(changes), 'folder');
  const said = await pipeline('zero-shot-image-classification', files).catch((e: Error) => e);
  expect((said as Error).message).toMatch(/^folder: /);
  expect((said as Error).message).toContain(expected);
  expect((said as Error).message).not.toContain('\n');
  expect((said as Error).cause).toBeInstanceOf(Error);
});

test('every way says it of what it reads', async () => {
  const files = mapFiles(await variant(CASES.find(([name]) => name === 'open_clip')![1]), 'folder');
  for (const load of [
    () => AutoModel.from_pretrained(files),
    () => AutoProcessor.from_pretrained(files),
    () => AutoTokenizer.from_pretrained(files),
    () => SiglipImageProcessor.from_pretrained(files),
    () => SiglipModel.from_pretrained(files),
    () => survey(files),
  ])
    await expect(load()).rejects.toThrow("folder: open_clip's layout (open_clip_config.json)");
});

test.each(['clip', 'blip', 'siglip_of_mine'])(
  'model type %s, in words of HF, at every way',
  async (model_type) => {
    const files = mapFiles(await variant(type({ model_type, vision_config: {} })), 'folder');
    const said = `The checkpoint you are trying to load has model type \`${model_type}\` but only these are recognized: siglip, siglip_text_model, siglip_vision_model`;
    for (const load of [
      () => AutoModel.from_pretrained(files),
      () => SiglipModel.from_pretrained(files),
      () => pipeline('zero-shot-image-classification', files),
      () => survey(files),
    ])
      await expect(load()).rejects.toThrow(new RangeError(said));
  },
);

test('a folder of SigLIP that lacks something keeps its own error', async () => {
  const files = mapFiles(await variant({ files: { 'spiece.model': null } }), 'folder');
  await expect(AutoTokenizer.from_pretrained(files)).rejects.toThrow(
    /^folder does not appear to have a file named spiece\.model$/,
  );
  const fewer = await variant({ tensors: (all) => new Map([...all].filter(([key]) => key !== 'logit_bias')) }); // prettier-ignore
  await expect(SiglipModel.from_pretrained(mapFiles(fewer, 'folder'))).rejects.toThrow(
    'folder: the checkpoint lacks 1 of the 120 tensors of SiglipModel, among them "logit_bias"',
  );
});

test('where a file could not be read, nothing more is asked for', async () => {
  const asked: string[] = [];
  const files = {
    name: 'far',
    bytes: async (name: string) => {
      asked.push(name);
      throw new Error('no network');
    },
    open: async () => undefined,
  };
  await expect(AutoModel.from_pretrained(files)).rejects.toThrow(/^no network$/);
  expect(asked).toEqual(['config.json']);
});

test('on a server weights are not fetched to say what they are', async () => {
  const all = await variant(only('pytorch_model.bin'));
  const opened: string[] = [];
  const { bytes, open } = mapFiles(all, 'far');
  const files = {
    name: 'far',
    bytes,
    open: (name: string) => (opened.push(name), open(name)),
  };
  await expect(
    AutoTokenizer.from_pretrained({ ...files, bytes: async (n) => (n === 'spiece.model' ? undefined : bytes(n)) }), // prettier-ignore
  ).rejects.toThrow('far does not appear to have a file named spiece.model');
  expect(opened.filter((name) => !name.endsWith('.json'))).toEqual([]);
});

describe('on disk', () => {
  const disk = mkdtempSync(join(tmpdir(), 'siglip-folders-'));
  afterAll(() => rmSync(disk, { recursive: true }));

  test('files in folders within are seen', async () => {
    mkdirSync(join(disk, 'onnx'));
    writeFileSync(join(disk, 'onnx/model.onnx'), '');
    await expect(pipeline('image-feature-extraction', disk)).rejects.toThrow(
      `${disk}: ONNX only (onnx/model.onnx)`,
    );
  });

  test('a file in place of a folder says so', async () => {
    const file = join(disk, 'model.safetensors');
    writeFileSync(file, '');
    await expect(SiglipModel.from_pretrained(file)).rejects.toThrow(
      `${file}: a file, expected the folder of a model, with config.json beside its weights`,
    );
  });
});
