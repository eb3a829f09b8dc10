// siglip dump: gives the goldens of transformers, under their names.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromBits } from '@siglip-ts/core';
import { bytesSource, openSafetensors, serialize, type StoredTensor } from '@siglip-ts/safetensors';
import { difference, type Golden, loadCase, loadGolden } from '../siglip/modeling/golden.ts';
import { model, scratch, siglip } from './harness.ts';

const files = scratch();

const FLAGS: Record<string, string> = {
  return_loss: '--return-loss',
  interpolate_pos_encoding: '--interpolate-pos-encoding',
  output_hidden_states: '--output-hidden-states',
  output_attentions: '--output-attentions',
};

const wide = ({ dtype, data }: StoredTensor): ArrayLike<number> => {
  if (dtype === 'F16') return fromBits(data as Uint16Array, 'float16');
  if (dtype === 'BF16') return fromBits(data as Uint16Array, 'bfloat16');
  return data as Float32Array | Float64Array;
};

async function readAll(path: string) {
  const file = await openSafetensors(bytesSource(readFileSync(path)));
  const tensors = new Map<string, StoredTensor>();
  for (const name of file.tensors.keys()) tensors.set(name, await file.read(name));
  return { metadata: Object.fromEntries(file.metadata), tensors };
}

/** The inputs of a golden, under the names of forward's arguments: "pixel_values~one" is one of several. */
async function inputsFor(name: string, golden: Golden): Promise<string> {
  const { inputs } = await loadCase(name);
  const chosen = golden.inputs.map((key) => [key.split('~')[0]!, inputs.get(key)!] as const);
  const path = files.path(`${name}-${golden.name}-in.safetensors`);
  writeFileSync(path, serialize(new Map(chosen)));
  return path;
}

/** Runs the command as a golden says. */
async function dump(name: string, golden: Golden, more: string[] = []) {
  const out = files.path(`${name}-${golden.name}-out.safetensors`);
  const result = await siglip([
    ...['dump', '--model', model(name), '--inputs', await inputsFor(name, golden), '--out', out],
    ...[
      '--class',
      golden.class,
      '--dtype',
      golden.dtype,
      '--attn',
      golden.attn,
      '--backend',
      'cpu',
    ],
    ...Object.entries(golden.options).flatMap(([key, on]) => (on ? [FLAGS[key]!] : [])),
    ...(golden.taps ? ['--taps'] : []),
    ...more,
  ]);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  const { tensors, metadata } = await readAll(out);
  expect(result.stdout).toBe(
    `${tensors.size} tensors of ${golden.class} in ${golden.dtype}: ${out}\n`,
  );
  expect(metadata).toEqual({
    producer: expect.stringMatching(/^siglip-ts \d/),
    class: golden.class,
    dtype: golden.dtype,
    attn: golden.attn,
  });
  return tensors;
}

describe('the goldens', () => {
  /** HF's eager softmax is float32 even in a float64 model, so its goldens are good to 1e-6 only. */
  test.each([
    ['plain', 'float64', 1e-12],
    ['plain', 'float64-eager', 1e-6],
    ['plain', 'float64-flash', 1e-12],
    ['plain', 'float64-large', 1e-12],
    ['plain', 'float64-mask', 1e-12],
    ['plain', 'float64-positions', 1e-12],
    ['plain', 'float64-square', 1e-12],
    ['plain', 'float64-text', 1e-12],
    ['plain', 'float64-vision', 1e-12],
    ['odd', 'float64', 1e-12],
    ['no-head', 'float64', 1e-12],
    ['classifier-0', 'float64', 1e-12],
    ['classifier-3', 'float64', 1e-12],
    ['plain', 'float32', 1e-5],
  ])('%s %s', async (name, variant, budget) => {
    const golden = await loadGolden(name, variant);
    const found = await dump(name, golden);
    expect([...found.keys()].sort()).toEqual([...golden.tensors.keys()].sort());
    for (const [key, { shape, values }] of golden.tensors) {
      expect(found.get(key)!.shape, key).toEqual(shape);
      expect(found.get(key)!.dtype, key).toBe(golden.dtype === 'float64' ? 'F64' : 'F32');
      expect(difference(wide(found.get(key)!), values).relative, key).toBeLessThanOrEqual(budget);
    }
  });

  /** End to end, so one float16 that torch rounds otherwise moves all after it; module by module: tests/siglip/modeling/half.test.ts. */
  test.each([
    ['bfloat16', 0.99],
    ['float16', 0.9],
  ])('plain %s, with every module', async (variant, share) => {
    const golden = await loadGolden('plain', variant);
    const found = await dump('plain', golden);
    let [same, all] = [0, 0];
    for (const [key, { shape, values }] of golden.tensors) {
      const tensor = found.get(key)!;
      expect([tensor.dtype, tensor.shape], key).toEqual([
        variant === 'float16' ? 'F16' : 'BF16',
        shape,
      ]);
      const numbers = wide(tensor);
      values.forEach((v, i) => (same += Number(Object.is(v + 0, numbers[i]! + 0))));
      all += values.length;
    }
    expect(same / all).toBeGreaterThan(share);
  });
});

describe('class and inputs', () => {
  test('labels give a loss', async () => {
    const { inputs } = await loadCase('classifier-3');
    const labelled = files.path('labelled.safetensors');
    const tensors = {
      pixel_values: inputs.get('pixel_values')!,
      labels: inputs.get('labels~class')!,
    };
    writeFileSync(labelled, serialize(new Map(Object.entries(tensors))));
    const out = files.path('loss.safetensors');
    const argv = ['dump', '--model', model('classifier-3'), '--inputs', labelled, '--out', out];
    const result = await siglip([
      ...argv,
      '--class',
      'SiglipForImageClassification',
      '--dtype',
      'float64',
    ]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const golden = await loadGolden('classifier-3', 'float64-single');
    const found = (await readAll(out)).tensors;
    for (const [key, { values }] of golden.tensors)
      expect(difference(wide(found.get(key)!), values).relative).toBeLessThanOrEqual(1e-12);
  });

  test('the class of config.json is the default; the inputs of others are left out with a note', async () => {
    const inputs = await inputsFor('plain', await loadGolden('plain', 'float64'));
    const out = files.path('class.safetensors');
    const run = (name: string) =>
      siglip(['dump', '--model', name, '--inputs', inputs, '--out', out]);
    expect((await run(model('plain'))).stdout).toMatch(/of SiglipModel in float32/);
    const named = files.copy(model('plain'), 'named');
    const config = JSON.parse(readFileSync(`${named}/config.json`, 'utf8')) as object;
    files.write(
      'named/config.json',
      JSON.stringify({ ...config, architectures: ['SiglipTextModel'] }),
    );
    const result = await run(named);
    expect(result.stdout).toMatch(/of SiglipTextModel in float32/);
    expect(result.stderr).toBe('siglip: note: SiglipTextModel takes no pixel_values: left out\n');
  });

  /** Twice of what is seen, and half: with another storage they would be nearer. The model's weights have 8 bits. */
  test.each([
    ['float16', 0, 4e-7],
    ['int8', 2e-3, 8e-3],
    ['w8a8', 2e-3, 8e-3],
  ])('--weights %s is as near as that, and two threads are as near', async (weights, far, near) => {
    const golden = await loadGolden('plain', 'float32');
    const found = [];
    for (const threads of ['1', '2']) {
      const more = ['--backend', 'wasm', '--weights', weights, '--threads', threads];
      const tensors = await dump('plain', golden, more);
      found.push([...(tensors.get('image_embeds')!.data as Float32Array)]);
    }
    expect(found[1]).toEqual(found[0]);
    const { relative } = difference(found[0]!, golden.tensors.get('image_embeds')!.values);
    expect(relative).toBeGreaterThanOrEqual(far);
    expect(relative).toBeLessThanOrEqual(near);
  });
});

describe('refused', () => {
  const inputs = `${model('plain')}/inputs.safetensors`;
  const claim = Buffer.alloc(16);
  claim.writeBigUInt64LE(1_000_000_000n);
  const huge = files.write('huge.safetensors', claim);
  const cut = files.write('cut.safetensors', readFileSync(inputs).subarray(0, 2000));
  const dumpOf = (...more: string[]) => [
    'dump',
    '--model',
    model('plain'),
    '--out',
    files.path('x'),
    ...more,
  ];

  test.each([
    [['dump'], "required option '--inputs <file>' not specified; see siglip dump --help"],
    [
      ['dump', '--inputs', 'x'],
      "required option '--out <file>' not specified; see siglip dump --help",
    ],
    [dumpOf('--inputs', 'nowhere'), 'nowhere: no such file or folder'],
    [dumpOf('--inputs', model('plain')), `${model('plain')}: not a regular file, expected one`],
    [dumpOf('--inputs', huge), `${huge}: a header of 1000000000 bytes, expected at most 100000000`],
    [
      dumpOf('--inputs', inputs),
      `${inputs}: tensor "input_ids~short", expected one of input_ids, attention_mask, position_ids, pixel_values`,
    ],
    [
      dumpOf('--inputs', inputs, '--weights', 'int4'),
      "option '--weights <storage>' argument 'int4' is invalid. Allowed choices are float32, float16, int8, w8a8.",
    ],
    [
      dumpOf('--inputs', inputs, '--class', 'SiglipVisionModel', '--threads', '0'),
      "option '--threads <n>' argument '0' is invalid. expected a whole number above 0",
    ],
    [
      dumpOf('--inputs', inputs, '--class', 'SiglipTextModel', '--return-loss'),
      '--return-loss: SiglipTextModel has no such switch',
    ],
    [
      dumpOf('--inputs', inputs, '--class', 'CLIPModel'),
      "option '--class <name>' argument 'CLIPModel' is invalid. Allowed choices are SiglipModel, SiglipTextModel, SiglipVisionModel, SiglipForImageClassification.",
    ],
  ])('%j', async (argv, line) => {
    expect(await siglip(argv)).toEqual({ code: 2, stdout: '', stderr: `siglip: ${line}\n` });
  });

  test('a truncated file', async () => {
    const { code, stderr } = await siglip(dumpOf('--inputs', cut));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^siglip: \S+cut\.safetensors is truncated: .*\n$/);
  });

  test('inputs that are missing', async () => {
    const empty = files.write('none.safetensors', serialize(new Map()));
    expect((await siglip(dumpOf('--inputs', empty))).stderr).toBe(
      'siglip: You have to specify pixel_values\n',
    );
  });
});
