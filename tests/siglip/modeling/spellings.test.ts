// Every exported class and Auto class has HF's spelling and JavaScript's, and everything that is loaded can be saved, as the
// files that it gives, and is then loaded the same.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import * as siglip from 'siglip-ts';
import { root } from './golden.ts';

const folder = mkdtempSync(join(tmpdir(), 'spellings-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Saves {
  files(): Map<string, Uint8Array> | Promise<Map<string, Uint8Array>>;
  save_pretrained(folder: string): Promise<void>;
}
type Loading = Record<string, (...args: unknown[]) => Promise<object>>;

/** What is exported under a name that HF's classes have. */
const classes = Object.entries(siglip).filter(([name]) =>
  /^(Siglip|Gemma|Auto)[A-Z]/.test(name),
) as unknown as [string, Loading][];

/** Those that HF makes of a configuration. */
const isModel = (name: string) => /Model|ForImage|ForZeroShot/.test(name);

test('the classes are those of the documentation page', () => {
  expect(classes.map(([name]) => name).sort()).toEqual([
    'AutoConfig',
    'AutoImageProcessor',
    'AutoModel',
    'AutoModelForImageClassification',
    'AutoModelForZeroShotImageClassification',
    'AutoProcessor',
    'AutoTokenizer',
    'GemmaTokenizerFast',
    'SiglipConfig',
    'SiglipForImageClassification',
    'SiglipImageProcessor',
    'SiglipImageProcessorFast',
    'SiglipModel',
    'SiglipProcessor',
    'SiglipTextConfig',
    'SiglipTextModel',
    'SiglipTokenizer',
    'SiglipVisionConfig',
    'SiglipVisionModel',
  ]);
});

const plain = join(root, 'plain');
const sourceOf = async (name: string): Promise<unknown> => {
  if (name.startsWith('Gemma'))
    return join(import.meta.dirname, '../../../fixtures/tokenizer/gemma');
  return /Model|Config|Classification/.test(name) ? plain : siglip.defaultModel();
};

test.each(classes)('%s', async (name, loads) => {
  const source = await sourceOf(name);
  const options = isModel(name) ? { warn() {} } : {};
  for (const spelling of ['fromPretrained', 'from_pretrained']) {
    const loaded = await loads[spelling]!(source, options);
    const saved = join(folder, `${name}-${spelling}`);
    await (loaded as Saves).save_pretrained(saved);
    const files = await (loaded as Saves).files();
    expect(readdirSync(saved).sort()).toEqual([...files.keys()].sort());
    for (const [name, bytes] of files)
      expect(bytes.length > 0 && readFileSync(join(saved, name)).equals(bytes), name).toBe(true);
    const again = await loads[spelling]!(saved, options);
    expect(again.constructor).toBe(loaded.constructor);
    if (!name.startsWith('Auto')) expect(loaded).toBeInstanceOf(loads);
    for (const x of [loaded, again]) await (x as Partial<siglip.SiglipModel>).dispose?.();
  }
  expect(isModel(name)).toBe('from_config' in loads);
  if (!isModel(name)) return;
  const config = await siglip.AutoConfig.from_pretrained(plain);
  const of = name.includes('Text')
    ? (config as siglip.SiglipConfig).text_config
    : name.includes('Vision')
      ? (config as siglip.SiglipConfig).vision_config
      : config;
  for (const spelling of ['fromConfig', 'from_config']) {
    const made = (await loads[spelling]!(of)) as siglip.SiglipModel;
    expect(made.config.to_dict()).toEqual(of.to_dict());
    await made.dispose();
  }
});
