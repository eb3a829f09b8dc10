// Weights that are not stored as floats of 16 bits and more: read as the numbers they stand for, or refused by load and inspect
// alike. And tensors of a file that are not used.
import { describe, expect, test } from 'vitest';
import { survey } from '@siglip-ts/inspect';
import { type FileDType, type StoredTensor, widenFloat8 } from '@siglip-ts/safetensors';
import {
  AutoModel,
  mapFiles,
  pipeline,
  SiglipModel,
  SiglipTextModel,
  SiglipVisionModel,
} from 'siglip-ts';
import { type Changes, renamed, type Tensors, variant } from './variant.ts';

const ROCKET = 'fixtures/images/twemoji-rocket.png';
const FC1 = 'vision_model.encoder.layers.0.mlp.fc1.weight';

const half = (h: number): number => {
  const [sign, exponent, fraction] = [h >> 15 ? -1 : 1, (h >> 10) & 31, h & 1023];
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15)); // prettier-ignore
};
/** The linear layers in the encoders of the file, which holds float16. */
const linear = (key: string, { shape }: StoredTensor): boolean =>
  key.endsWith('.weight') && shape.length === 2 && /self_attn|mlp/.test(key);

/** As bitsandbytes: round(127 w / max) of each row, and the largest magnitudes. */
function int8(all: Tensors): Tensors {
  for (const [key, tensor] of [...all]) {
    if (!linear(key, tensor)) continue;
    const [n, m] = tensor.shape as [number, number];
    const w = Float32Array.from(tensor.data as Uint16Array, half);
    const [q, SCB] = [new Int8Array(n * m), new Float32Array(n)];
    for (let i = 0; i < n; i++) {
      const row = w.subarray(i * m, (i + 1) * m);
      SCB[i] = row.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      row.forEach((x, j) => (q[i * m + j] = Math.round((x / SCB[i]!) * 127)));
    }
    all.set(key, { dtype: 'I8', shape: [n, m], data: q });
    all.set(key.replace(/weight$/, 'SCB'), { dtype: 'F32', shape: [n], data: SCB });
    all.set(`${key}_format`, { dtype: 'U8', shape: [], data: new Uint8Array(1) });
  }
  return all;
}
const BITSANDBYTES = { quant_method: 'bitsandbytes', load_in_8bit: true, load_in_4bit: false };
const bitsandbytes: Changes = {
  config: (config) => ({ ...config, quantization_config: BITSANDBYTES }),
  tensors: int8,
};

/** Each weight by the nearest code, ties to the even one, as torch rounds. */
function float8(dtype: FileDType) {
  const values = [
    ...widenFloat8(
      dtype,
      Uint8Array.from({ length: 128 }, (_, code) => code),
    ),
  ];
  const finite = values.filter(Number.isFinite);
  const nearest = (x: number): number => {
    let best = 0;
    for (let code = 1; code < finite.length; code++) {
      const [a, b] = [Math.abs(finite[code]! - x), Math.abs(finite[best]! - x)];
      if (a < b || (a === b && code % 2 === 0)) best = code;
    }
    return best;
  };
  const codeOf = (h: number): number => nearest(Math.abs(half(h))) | (h >> 15 ? 128 : 0);
  return (all: Tensors): Tensors => {
    const seen = new Map<number, number>();
    for (const [key, tensor] of [...all]) {
      if (!linear(key, tensor)) continue;
      const data = Uint8Array.from(tensor.data as Uint16Array, (h) => {
        const code = seen.get(h) ?? codeOf(h);
        seen.set(h, code);
        return code;
      });
      all.set(key, { dtype, shape: tensor.shape, data });
    }
    return all;
  };
}

async function rocketIn(changes: Changes): Promise<number> {
  await using pipe = await pipeline('zero-shot-image-classification', await variant(changes), {
    warn: (message) => expect(message).toBe(''),
  });
  return (await pipe(ROCKET, ['rocket']))[0].score;
}

describe('are read', () => {
  // SiglipModel of transformers 4.49.0 with the dequantised weights: q * SCB / 127, and torch's .to(float8).
  test.each([
    ['int8 of bitsandbytes', bitsandbytes, 0.38135749101638794],
    ['int8 without a quantization_config', { tensors: int8 }, 0.38135749101638794],
    ['E4M3', { tensors: float8('F8_E4M3') }, 0.37275904417037964],
    ['E5M2', { tensors: float8('F8_E5M2') }, 0.34076324105262756],
  ] as const)('%s', async (_, changes, expected) => {
    expect(Math.abs((await rocketIn(changes)) - expected)).toBeLessThan(2e-6);
    const { missing, mismatched } = await survey(mapFiles(await variant(changes)));
    expect([missing, mismatched]).toEqual([[], []]);
  });

  test('saved again they are floats, and the configuration says nothing else', async () => {
    const model = await SiglipModel.from_pretrained(await variant(bitsandbytes));
    const files = await model.files();
    expect(new TextDecoder().decode(files.get('config.json'))).not.toContain('quantization_config');
    await model.dispose();
    await (await SiglipModel.from_pretrained(files)).dispose();
  });
});

describe('are refused', () => {
  const edited = (key: string, change: (t: StoredTensor) => StoredTensor | null): Changes => ({
    tensors(all) {
      const next = change(all.get(FC1)!);
      return next ? all.set(key, next) : all;
    },
  });
  const integers = (dtype: 'I8' | 'U8' | 'F8_E4M3FNUZ'): Changes =>
    edited(FC1, ({ shape }) => ({
      dtype,
      shape,
      data: dtype === 'I8' ? new Int8Array(512 * 128) : new Uint8Array(512 * 128),
    }));
  const scaled = (end: string): Changes => ({
    tensors: (all) =>
      float8('F8_E4M3')(all).set(FC1.replace('weight', end), {
        dtype: 'F32',
        shape: [1],
        data: new Float32Array(1),
      }),
  });
  const quantised = (quantization_config: object): Changes => ({
    config: (config) => ({ ...config, quantization_config }),
  });
  test.each([
    ['int8 without scales', integers('I8'), `tensor "${FC1}" is I8 [512, 128], expected floats, or int8 of`], // prettier-ignore
    ['uint8', integers('U8'), `tensor "${FC1}" is U8`],
    ['another float of 8 bits', integers('F8_E4M3FNUZ'), `tensor "${FC1}" is F8_E4M3FNUZ`],
    ['scaled E4M3', scaled('weight_scale'), `tensor "${FC1}" is F8_E4M3`],
    ['E4M3 scaled by blocks', scaled('weight_scale_inv'), `tensor "${FC1}" is F8_E4M3`],
    ["E4M3 scaled as ComfyUI's", scaled('scale_weight'), `tensor "${FC1}" is F8_E4M3`],
    ['nf4', quantised({ quant_method: 'bitsandbytes', load_in_4bit: true }), 'quantised by quant_method "bitsandbytes" in 4 bits'], // prettier-ignore
    ['GPTQ', quantised({ quant_method: 'gptq', bits: 4 }), 'quantised by quant_method "gptq"'],
    ['AWQ', quantised({ quant_method: 'awq' }), 'quantised by quant_method "awq"'],
    ['FP8 by blocks', quantised({ quant_method: 'fp8' }), 'quantised by quant_method "fp8"'],
    ['compressed', quantised({ quant_method: 'compressed-tensors' }), 'quantised by quant_method "compressed-tensors"'], // prettier-ignore
  ] as const)('%s', async (_, changes, expected) => {
    const files = mapFiles(await variant(changes), 'folder');
    for (const load of [SiglipModel.from_pretrained, AutoModel.from_pretrained, survey])
      await expect(load(files)).rejects.toThrow(`folder: ${expected}`);
  });
});

describe('tensors that are not used', () => {
  const fewer: Changes = {
    config: (c) => ({ ...c, vision_config: { ...(c.vision_config as object), num_hidden_layers: 3 } }), // prettier-ignore
  };
  const warned = async (
    changes: Changes,
    kind: { from_pretrained: typeof SiglipModel.from_pretrained } = SiglipModel,
  ): Promise<string[]> => {
    const warnings: string[] = [];
    const files = mapFiles(await variant(changes), 'folder');
    await (await kind.from_pretrained(files, { warn: (m) => warnings.push(m) })).dispose();
    return warnings;
  };

  test('of a layer that config.json does not have: one warning, which names them', async () => {
    const warnings = await warned(fewer);
    expect(warnings.length).toBe(1);
    const [first] = warnings[0]!.split('\n');
    expect(first).toMatch(/^Some weights of the model checkpoint at folder were not used when initializing SiglipModel: \['vision_model\.encoder\.layers\.3\.layer_norm1\.bias', /); // prettier-ignore
    expect(first!.split(', ').length).toBe(16);
  });

  test('are no surprise in another class, as in HF', async () => {
    for (const kind of [SiglipVisionModel, SiglipTextModel])
      expect(await warned({}, kind as never)).toEqual([]);
    expect(await warned({ ...fewer, config: (c) => ({ ...fewer.config!(c), architectures: ['Mine'] }) })).toEqual([]); // prettier-ignore
  });

  test('nor are the buffers of old checkpoints', async () => {
    const buffers = (all: Tensors): Tensors =>
      all.set('text_model.embeddings.position_ids', {
        dtype: 'I64',
        shape: [1, 2],
        data: new BigInt64Array(2),
      });
    expect(await warned({ tensors: buffers })).toEqual([]);
    expect((await warned({ tensors: (all) => new Map([...all, ...renamed((k) => `ema.${k}`)(all)]) })).length).toBe(1); // prettier-ignore
  });
});
