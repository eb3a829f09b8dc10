// A checkpoint of ViT-B/16 size with random weights, in HF layout, made once in bench/.cache (0.8 GB): big enough to
// time, meaningless in what it says. Its tokenizer is the embedded model's, whose ids all fit.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultModel, SiglipConfig, SiglipModel } from 'siglip-ts';
import { FOLDER } from './folder.mjs';
import { Absent } from './peers.mjs';

const COPIED = ['spiece.model', 'special_tokens_map.json'];

/** The folder; the first call takes a minute and 2 GB. */
export async function baseCheckpoint() {
  if (existsSync(join(FOLDER, 'tokenizer_config.json'))) return FOLDER;
  console.error(`bench: making a checkpoint of base size in ${FOLDER}`);
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const model = await SiglipModel.fromConfig(new SiglipConfig(), { seed: 1 });
  await model.save_pretrained(FOLDER);
  await model.dispose();
  const tiny = await defaultModel();
  const json = (name) => JSON.parse(new TextDecoder().decode(tiny.get(name)));
  const write = (name, value) => writeFileSync(join(FOLDER, name), JSON.stringify(value, null, 2));
  for (const name of COPIED) writeFileSync(join(FOLDER, name), tiny.get(name));
  write('preprocessor_config.json', {
    ...json('preprocessor_config.json'),
    size: { height: 224, width: 224 },
  });
  write('tokenizer_config.json', { ...json('tokenizer_config.json'), model_max_length: 64 }); // last: all is there
  return FOLDER;
}

/** An ONNX export of the checkpoint or a part of it. Throws Absent, with what to do, where there is none. */
export function exported(name) {
  const file = join(FOLDER, 'onnx', name);
  if (!existsSync(file))
    throw new Absent('no ONNX export: python bench/make/export_onnx.py bench/.cache/base');
  return file;
}
