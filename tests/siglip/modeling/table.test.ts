// The table of model classes: whatever is in it the Auto classes and the CLI know, a class that is added too.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AutoConfig, AutoModel, defaultModel, SiglipVisionModel } from 'siglip-ts';
import { CLASSES, classNames, classOf, load, type ModelClass } from 'siglip-ts/internals';
import { json, siglip } from '../../cli/harness.ts';
import { root } from './golden.ts';

test('every row is a class by its name, and traces the parameters that its models have', async () => {
  const exported: Record<string, unknown> = { ...(await import('siglip-ts')) };
  for (const kind of CLASSES) {
    const model = await load(kind, join(root, 'plain'), { warn() {} });
    expect(model).toBeInstanceOf(exported[kind.name]);
    expect(String(model)).toMatch(new RegExp(`^${kind.name} {`));
    expect(kind.configOf({}, {}).to_dict().model_type).toBe(kind.model_type);
    for (const key of kind.needs) expect(kind.tensors).toContain(key);
    await model.dispose();
  }
});

test('a configuration names its class, and else its model_type does', () => {
  const of = (dict: Record<string, unknown>) => classOf(dict, 'it').name;
  expect(of({ model_type: 'siglip' })).toBe('SiglipModel');
  expect(of({ model_type: 'siglip', architectures: ['SiglipTextModel'] })).toBe('SiglipTextModel');
  expect(of({ model_type: 'siglip_vision_model', architectures: ['Other'] })).toBe(
    'SiglipVisionModel',
  );
  expect(() => of({ model_type: 'clip' })).toThrow(
    'The checkpoint you are trying to load has model type `clip` but only these are recognized: siglip, siglip_text_model, siglip_vision_model',
  );
  expect(() => of({ model_type: { toString: 1 } })).toThrow('model type `{"toString":1}` but only');
});

describe('a class more is one row', () => {
  class ToyModel extends SiglipVisionModel {}
  const vision = CLASSES.find(({ name }) => name === 'SiglipVisionModel')!;
  const TOY: ModelClass = {
    ...vision,
    name: 'ToyModel',
    model_type: 'toy',
    make: (config, runtime) => new ToyModel(config as SiglipVisionModel['config'], runtime),
  };
  const table = CLASSES as ModelClass[];
  const folder = mkdtempSync(join(tmpdir(), 'toy-'));
  beforeAll(async () => {
    table.push(TOY);
    await cp(join(root, 'no-head'), folder, { recursive: true });
    const config = (await AutoConfig.from_pretrained(join(root, 'no-head'))).to_dict();
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, model_type: 'toy', architectures: null })); // prettier-ignore
  });
  afterAll(() => {
    table.pop();
    rmSync(folder, { recursive: true });
  });

  test('for AutoModel', async () => {
    await using model = await AutoModel.from_pretrained(folder);
    expect(model).toBeInstanceOf(ToyModel);
    await expect(AutoModel.from_pretrained({ 'config.json': encoded({ model_type: 'x' }) })).rejects.toThrow(/siglip_vision_model, toy$/); // prettier-ignore
  });
  test('for siglip inspect', async () => {
    const facts = await json<object>(['inspect', folder]);
    expect(facts).toMatchObject({ class: 'ToyModel', model_type: 'toy', text: null, missing: [] });
  });
  test('for siglip dump --class', async () => {
    const { stderr } = await siglip(['dump', '--inputs', 'x', '--out', 'y', '--class', 'Clip']);
    expect(stderr).toContain(`Allowed choices are ${classNames().join(', ')}.`);
    expect(classNames()).toContain('ToyModel');
    const line = ['dump', '--inputs', 'x', '--out', 'y', '--class', 'ToyModel', '--return-loss'];
    expect((await siglip(line)).stderr).toBe(
      'siglip: --return-loss: ToyModel has no such switch\n',
    );
  });
});

const encoded = (dict: object) => new TextEncoder().encode(JSON.stringify(dict));

test('AutoModel takes the default class of a model_type', async () => {
  await using model = await AutoModel.from_pretrained(await defaultModel());
  expect(String(model)).toMatch(/^SiglipModel {/);
});
