// The four model classes of the umbrella package against the goldens: inputs, outputs, switches, saving.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  HostTensor,
  type ModelOutput,
  SiglipForImageClassification,
  SiglipModel,
  SiglipTextModel,
  SiglipVisionModel,
} from 'siglip-ts';
import { cases, difference, goldensOf, loadCase, loadGolden, root } from './golden.ts';

const classes = {
  SiglipModel,
  SiglipTextModel,
  SiglipVisionModel,
  SiglipForImageClassification,
};

/** The tensors of an output under flat names: vision_model_output.hidden_states.0 and so on. */
function flat(output: ModelOutput, prefix = ''): Map<string, HostTensor> {
  const found = new Map<string, HostTensor>();
  for (const [key, value] of Object.entries(output) as [string, unknown][]) {
    if (value instanceof HostTensor) found.set(prefix + key, value);
    else if (typeof value === 'object' && value !== null)
      flat(value as ModelOutput, `${prefix}${key}.`).forEach((t, k) => found.set(k, t));
  }
  return found;
}

describe.each(cases)('%s', async (name) => {
  const c = await loadCase(name);
  const variants = goldensOf(name).filter((v) => /^float64|^float32-eager/.test(v));
  test.each(variants)('%s', async (variant) => {
    const g = await loadGolden(name, variant);
    const kind = classes[g.class as keyof typeof classes];
    const model = await kind.fromPretrained(join(root, name), {
      dtype: g.dtype,
      attn_implementation: g.attn,
      ...(g.problem_type && { config: { problem_type: g.problem_type } }),
    });
    expect(model.config._attn_implementation).toBe(g.attn);
    const inputs = Object.fromEntries(
      g.inputs.map((key) => [key.split('~')[0]!, c.inputs.get(key)!]),
    );
    const output = await model({ ...inputs, ...g.options } as never);
    const found = flat(output);
    for (const [key, { shape, values }] of g.tensors) {
      if (g.taps && !found.has(key)) continue; // a module's output, not the model's
      expect(found.get(key)!.shape, key).toEqual(shape);
      const { relative } = difference(await found.get(key)!.data(), values);
      const exact = g.dtype === 'float64' && g.attn !== 'eager';
      expect(relative, key).toBeLessThanOrEqual(exact ? 1e-12 : 1e-5);
    }
    await model.dispose();
  });
});

describe('as in transformers’ own tests', () => {
  const folders: string[] = [];
  const folder = () => folders[folders.push(mkdtempSync(join(tmpdir(), 'siglip-'))) - 1]!;
  afterAll(() => folders.forEach((f) => rmSync(f, { recursive: true })));
  const plain = join(root, 'plain');
  const pixels = {
    data: new Float32Array(2 * 3 * 32 * 32).map((_, i) => Math.sin(i)),
    shape: [2, 3, 32, 32],
  };
  const ids = [
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    [11, 12, 13, 1, 1, 1, 1, 1, 1, 1],
  ];

  test('test_save_load: what was saved gives the same outputs', async () => {
    const model = await SiglipModel.fromPretrained(plain);
    const before = await model({ pixel_values: pixels, input_ids: ids });
    const dir = folder();
    await model.save_pretrained(dir);
    const again = await SiglipModel.from_pretrained(dir);
    const after = await again({ pixel_values: pixels, input_ids: ids });
    expect(await after.logits_per_image.toArray()).toEqual(await before.logits_per_image.toArray());
    expect(again.config.to_dict()).toMatchObject({ architectures: ['SiglipModel'] });
  });

  test('test_determinism, and a second call in the same process', async () => {
    const model = await SiglipVisionModel.fromPretrained(plain);
    const [a, b] = await Promise.all([
      model({ pixel_values: pixels }),
      model({ pixel_values: pixels }),
    ]);
    expect(await a.pooler_output!.data()).toEqual(await b.pooler_output!.data());
  });

  test('test_model_outputs_equivalence: tuples hold the fields in order', async () => {
    const model = await SiglipModel.fromPretrained(plain);
    const inputs = {
      pixel_values: pixels,
      input_ids: ids,
      output_hidden_states: true,
      output_attentions: true,
    };
    const named = await model(inputs);
    const tuple = (await model(inputs, { return_dict: false })) as unknown as HostTensor[];
    expect(named.keys()).toEqual([
      'logits_per_image',
      'logits_per_text',
      'text_embeds',
      'image_embeds',
      'text_model_output',
      'vision_model_output',
    ]);
    const values = (x: unknown): unknown =>
      x instanceof HostTensor ? x.data() : Array.isArray(x) ? Promise.all(x.map(values)) : x;
    expect(await values(tuple)).toEqual(await values(named.to_tuple()));
    expect(named[0]).toBe(named.logits_per_image);
    expect(named.text_model_output[1]).toBe(named.text_model_output.pooler_output);
  });

  test('test_hidden_states_output and test_attention_outputs', async () => {
    const model = await SiglipVisionModel.fromPretrained(plain, { attn_implementation: 'eager' });
    const y = await model({
      pixel_values: pixels,
      output_hidden_states: true,
      output_attentions: true,
    });
    expect(y.hidden_states!.map((h) => h.shape)).toEqual(Array(3).fill([2, 16, 24]));
    expect(y.attentions!.map((a) => a!.shape)).toEqual(Array(2).fill([2, 2, 16, 16]));
    // The last hidden state is taken before the final norm.
    expect(await y.hidden_states!.at(-1)!.data()).not.toEqual(await y.last_hidden_state.data());
  });

  test('test_batching_equivalence: each row alone equals the row in a batch', async () => {
    const model = await SiglipModel.fromPretrained(plain);
    const batch = await model({ pixel_values: pixels, input_ids: ids });
    const half = pixels.data.length / 2;
    for (const i of [0, 1]) {
      const alone = await model({
        pixel_values: { data: pixels.data.slice(i * half, (i + 1) * half), shape: [1, 3, 32, 32] },
        input_ids: [ids[i]!],
      });
      for (const key of ['image_embeds', 'text_embeds'] as const) {
        const row = (await batch[key].data()).slice(i * 24, (i + 1) * 24);
        expect(difference(await alone[key].data(), row).absolute).toBeLessThanOrEqual(1e-6);
      }
    }
  });

  test('test_model: shapes', async () => {
    const model = await SiglipModel.fromPretrained(plain);
    const y = await model({ pixel_values: pixels, input_ids: [...ids, ids[0]!] });
    expect(y.logits_per_image.shape).toEqual([2, 3]);
    expect(y.logits_per_text.shape).toEqual([3, 2]);
  });

  test('test_load_vision_text_config: towers load from the whole, configurations too', async () => {
    const whole = await SiglipModel.fromPretrained(plain);
    const vision = await SiglipVisionModel.fromPretrained(plain);
    const text = await SiglipTextModel.fromPretrained(plain);
    expect(vision.config.to_dict()).toEqual({ ...whole.config.vision_config.to_dict() });
    expect(text.config.to_dict()).toEqual(whole.config.text_config.to_dict());
    const features = await whole.get_text_features({ input_ids: ids });
    expect(await (await text({ input_ids: ids })).pooler_output!.data()).toEqual(
      await features.data(),
    );
  });

  test('features compared later give the logits of the whole forward', async () => {
    const model = await SiglipModel.fromPretrained(plain);
    const whole = await model({ pixel_values: pixels, input_ids: ids });
    const text = await model.get_text_features({ input_ids: ids });
    const image = await model.get_image_features({ pixel_values: pixels });
    const logits = await model.logits_of_features({ text, image });
    expect(await logits.data()).toEqual(await whole.logits_per_image.data());
  });

  test('test_sdpa_can_dispatch_composite_models: every part reports its implementation', async () => {
    for (const attn_implementation of ['eager', 'sdpa', 'flash_attention_2'] as const) {
      const { config } = await SiglipModel.fromPretrained(plain, { attn_implementation });
      expect(config._attn_implementation).toBe(attn_implementation);
      expect(config.text_config._attn_implementation).toBe(attn_implementation);
      expect(config.vision_config._attn_implementation).toBe(attn_implementation);
    }
    await expect(
      SiglipModel.fromPretrained(plain, { attn_implementation: 'fast' as never }),
    ).rejects.toThrow('Specified `attn_implementation="fast"` is not supported.');
  });

  test('streamed weights give the same numbers', async () => {
    const [a, b] = await Promise.all([
      SiglipModel.fromPretrained(plain),
      SiglipModel.fromPretrained(plain, { stream_weights: true }),
    ]);
    const inputs = { pixel_values: pixels, input_ids: ids };
    for (let i = 0; i < 2; i++)
      expect(await (await b(inputs)).logits_per_text.data()).toEqual(
        await (await a(inputs)).logits_per_text.data(),
      );
  });

  test('progress_callback hears of the weights as they are read, each once', async () => {
    const heard: { loaded: number; total: number }[] = [];
    const model = await SiglipModel.fromPretrained(plain, {
      progress_callback: (info) => info.status === 'weights' && heard.push(info),
    });
    expect(heard).toEqual([]);
    for (let i = 0; i < 2; i++) await model({ pixel_values: pixels, input_ids: ids });
    const { loaded, total } = heard.at(-1)!;
    expect(loaded).toBe(total);
    expect(heard.map((h) => h.loaded)).toEqual(heard.map((h) => h.loaded).sort((a, b) => a - b));
  });

  test('test_problem_types: concluded once, then kept', async () => {
    const model = await SiglipForImageClassification.fromPretrained(join(root, 'classifier-3'));
    const image = { data: new Float32Array(3 * 24 * 24), shape: [1, 3, 24, 24] };
    expect(model.config.problem_type).toBeNull();
    await model({ pixel_values: image, labels: [2] });
    expect(model.config.problem_type).toBe('single_label_classification');
    await expect(model({ pixel_values: image, labels: [[0.5, 0, 1]] })).rejects.toThrow('labels');
  });

  test('a fresh classifier on a checkpoint that has none, with HF’s warning', async () => {
    const warnings: string[] = [];
    const model = await SiglipForImageClassification.fromPretrained(plain, {
      warn: (m) => warnings.push(m),
      config: { num_labels: 4 },
    });
    expect(warnings.join()).toContain(
      "newly initialized: ['classifier.bias', 'classifier.weight']",
    );
    expect((await model({ pixel_values: pixels })).logits.shape).toEqual([2, 4]);
  });

  test('a saved classifier keeps the pooling head that it does not use', async () => {
    const model = await SiglipForImageClassification.fromPretrained(join(root, 'classifier-3'));
    const dir = folder();
    await model.save_pretrained(dir);
    const again = await SiglipForImageClassification.fromPretrained(dir);
    expect([...again.runtime.shapes.keys()]).toContain('vision_model.head.probe');
    expect(again.runtime.shapes.size).toBe(50);
  });

  test('configurations that no model can have are refused at once', async () => {
    const load = (config: object) => SiglipModel.fromPretrained(plain, { config } as never);
    const config = (await SiglipModel.fromPretrained(plain)).config.to_dict() as {
      vision_config: object;
      text_config: object;
    };
    const vision = (change: object) => ({ vision_config: { ...config.vision_config, ...change } });
    await expect(load(vision({ num_hidden_layers: 1e9 }))).rejects.toThrow(
      'num_hidden_layers is 1000000000, expected a whole number from 0 to 10000',
    );
    await expect(load(vision({ patch_size: 0 }))).rejects.toThrow('patch_size is 0');
    await expect(load(vision({ hidden_size: 'wide' }))).rejects.toThrow(
      'hidden_size is "wide", expected a whole number from 1',
    );
    await expect(load(vision({ hidden_size: 48 }))).rejects.toThrow(
      'the text tower gives vectors of 24 numbers, the vision tower of 48',
    );
  });

  test('mismatched sizes are refused, or drawn anew on request', async () => {
    const path = join(root, 'classifier-3');
    const load = (more: object) =>
      SiglipForImageClassification.fromPretrained(path, {
        config: { id2label: { 0: 'a' } },
        warn: () => {},
        ...more,
      });
    await expect(load({})).rejects.toThrow(
      'size mismatch for classifier.weight: copying a param with shape torch.Size([3, 20]) from checkpoint, the shape in current model is torch.Size([1, 20])',
    );
    expect((await load({ ignore_mismatched_sizes: true })).config.num_labels).toBe(1);
  });

  test('a model of fresh weights follows HF’s scheme', async () => {
    const vision = await SiglipVisionModel.fromPretrained(plain);
    const model = await SiglipVisionModel.fromConfig(vision.config, { seed: 7 });
    const read = (key: string) =>
      model.runtime.checkpoint.read(key, 0, model.runtime.shapes.get(key)![0]!, 'float32');
    const fc1 = await read('vision_model.encoder.layers.0.mlp.fc1.weight');
    const bound = Math.sqrt(6 / (24 + 40));
    expect(Math.max(...fc1)).toBeLessThanOrEqual(bound);
    expect(Math.max(...fc1)).toBeGreaterThan(0.9 * bound);
    expect([...(await read('vision_model.post_layernorm.weight'))]).toEqual(Array(24).fill(1));
    const y = await model({ pixel_values: pixels });
    expect((await y.pooler_output!.data()).every(Number.isFinite)).toBe(true);
  });

  test('errors say what was found and expected', async () => {
    const model = await SiglipModel.fromPretrained(plain);
    const call = (inputs: object) => model(inputs as never);
    await expect(call({ pixel_values: pixels })).rejects.toThrow('You have to specify input_ids');
    await expect(call({ input_ids: ids })).rejects.toThrow('You have to specify pixel_values');
    await expect(call({ pixel_values: pixels, input_ids: [Array(11).fill(1)] })).rejects.toThrow(
      'Sequence length must be less than max_position_embeddings (got `sequence length`: 11 and max_position_embeddings: 10',
    );
    await expect(call({ pixel_values: pixels, input_ids: [[60]] })).rejects.toThrow(
      '"text_model.embeddings.token_embedding.weight": id 60 at position 0, the table has 60 rows',
    );
    await expect(
      call({
        pixel_values: { data: new Float32Array(3 * 40 * 40), shape: [1, 3, 40, 40] },
        input_ids: ids,
      }),
    ).rejects.toThrow('40x40 pixels give 5x5 patches, the position table has 4x4');
    await expect(
      call({ pixel_values: pixels, input_ids: [ids[0]], return_loss: true }),
    ).rejects.toThrow('as many images as texts');
    await expect(call({ pixel_values: [1, [2]], input_ids: ids })).rejects.toThrow('pixel_values');
    await model.dispose();
    await expect(call({ pixel_values: pixels, input_ids: ids })).rejects.toThrow('disposed');
  });
});
