// The three configuration classes beside transformers 4.49: what they hold, what they write, what they refuse.
import { describe, expect, test } from 'vitest';
import {
  type Attributes,
  expectTower,
  setAttention,
  SiglipConfig,
  SiglipTextConfig,
  SiglipVisionConfig,
} from '@siglip-ts/core';
import { golden, type Written } from './goldens.ts';

const classes = { SiglipConfig, SiglipTextConfig, SiglipVisionConfig };
type Config = SiglipConfig | SiglipTextConfig | SiglipVisionConfig;

const json = (dict: Attributes): Attributes => JSON.parse(JSON.stringify(dict)) as Attributes;

function expectWritten(config: Config, { dict, diff, num_labels }: Written): void {
  expect(json(config.to_dict())).toEqual(dict);
  expect(json(config.to_diff_dict())).toEqual(diff);
  expect(JSON.parse(config.to_json_string(false))).toEqual(dict);
  expect(JSON.parse(config.to_json_string())).toEqual(diff);
  expect(config.num_labels).toBe(num_labels);
}

const { made, relabelled, composite, parts, joined, errors } = golden('configs');
const titled = made.map((g) => [`${g.class}(${JSON.stringify(g.values)})`, g] as const);

describe('writes what HF writes', () => {
  test.each(titled)('%s', (_, g) => {
    expectWritten(new classes[g.class](g.values), g);
  });
  test.each(titled)('%s, read back from its JSON', (_, g) => {
    const written = JSON.parse(new classes[g.class](g.values).to_json_string()) as Attributes;
    const read = classes[g.class].from_dict(written);
    expect(json(read.to_dict())).toEqual(json(new classes[g.class](written).to_dict()));
    expect(json(read.to_diff_dict())).toEqual(g.diff);
  });
  test.each(relabelled)('$class with num_labels set to $to', (g) => {
    const config = new classes[g.class](g.values);
    config.num_labels = g.to;
    expectWritten(config, g);
  });
  test.each(parts)('$class taken out of a composite', (g) => {
    expectWritten(classes[g.class].from_dict(composite), g);
  });
  test('from_text_vision_configs', () => {
    const text = new SiglipTextConfig({ hidden_size: 64 });
    const vision = new SiglipVisionConfig({ patch_size: 32 });
    expectWritten(SiglipConfig.from_text_vision_configs(text, vision), joined);
  });
});

describe('refuses what HF refuses', () => {
  test.each(errors)('$message', ({ class: name, values, message }) => {
    expect(() => new classes[name](values)).toThrow(message);
  });
  test('heads that do not divide the hidden size', () => {
    const c = new SiglipTextConfig({ hidden_size: 30, num_attention_heads: 4 });
    expect(() => expectTower(c)).toThrow(
      'embed_dim must be divisible by num_heads (got `embed_dim`: 30 and `num_heads`: 4).',
    );
  });
});

describe('attention implementation', () => {
  test('reaches both towers, and no file', () => {
    const c = new SiglipConfig({ attn_implementation: 'eager' });
    expect(c.vision_config._attn_implementation).toBe('eager');
    setAttention(c, 'flash_attention_2');
    expect(c.text_config._attn_implementation).toBe('flash_attention_2');
    expect(c.to_json_string(false)).not.toContain('flash');
  });
});

test('a configuration copies the dictionaries it is made of', () => {
  const id2label = { 0: 'cat' };
  const c = new SiglipVisionConfig({ id2label });
  id2label[0] = 'dog';
  expect(c.id2label).toEqual({ 0: 'cat' });
});
