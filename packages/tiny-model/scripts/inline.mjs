// Writes dist/inline-bytes.js out of model/: what inline.ts holds. Part of `npm run build`, since nobody edits or reads it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const NAMES = ['config.json', 'model.safetensors', 'preprocessor_config.json'];
NAMES.push('special_tokens_map.json', 'spiece.model', 'tokenizer_config.json');
const here = (path) => new URL(`../${path}`, import.meta.url);
const files = NAMES.map((name) => [name, readFileSync(here(`model/${name}`), 'base64')]);
mkdirSync(here('dist'), { recursive: true });
writeFileSync(
  here('dist/inline-bytes.js'),
  `export const FILES = ${JSON.stringify(Object.fromEntries(files), null, 2)};\n`,
);
