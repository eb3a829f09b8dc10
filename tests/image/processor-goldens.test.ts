// The three processors against transformers: pixel values by hash, messages and warnings by word.
import { describe, expect, test } from 'vitest';
import {
  channelsOf,
  CLIPImageProcessor,
  type Mode,
  type PixelKernels,
  type PreprocessOptions,
  type ProcessorImages,
  SiglipImageProcessor,
  SiglipImageProcessorFast,
  type TypedImage,
} from '@siglip-ts/image';
import { foldersWith, readJson, sha256, WAYS } from './bundle.ts';
import { pattern } from './pattern.ts';

interface Described {
  shape: number[];
  dtype: string;
  sha256: string;
  values: number[];
}

interface Case {
  images: unknown;
  config: Record<string, unknown>;
  options: PreprocessOptions;
  result?: Described | Described[];
  error?: string;
  message?: string;
  warnings: string[];
}

interface Goldens {
  json: { config: Record<string, unknown>; text: string; default: string };
  cases: Case[];
}

interface Spec {
  pil?: Mode;
  array?: 'uint8' | 'int32' | 'int16' | 'float32' | 'float64';
  shape: number[];
  values: string;
  kind: string;
  seed: number;
}

const ARRAYS = {
  uint8: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

const VALUES: Record<string, (byte: number) => number> = {
  bytes: (byte) => byte,
  unit: (byte) => byte / 255,
  bits: (byte) => byte & 1,
  wide: (byte) => byte * 2 - 40,
  halves: (byte) => byte / 2,
};

/** The pictures that fixtures/make/image_processor.py builds. */
function build(spec: unknown): unknown {
  if (Array.isArray(spec)) return spec.map(build);
  if (typeof spec !== 'object' || spec === null) return spec;
  const { pil, array, shape, values, kind, seed } = spec as Spec;
  if (pil) {
    const [height, width] = shape as [number, number];
    const bytes = pattern(kind, seed, height, width, pil === 'I;16' ? 2 : channelsOf(pil));
    const data = pil === 'I;16' ? new Uint16Array(bytes.buffer) : bytes;
    const bits = pil === '1' ? data.map((v) => (v & 128 ? 255 : 0)) : data;
    return { mode: pil, width, height, data: bits };
  }
  const bytes = pattern(
    kind,
    seed,
    shape.reduce((a, b) => a * b),
    1,
    1,
  );
  return { data: (ARRAYS[array!] as Uint8ArrayConstructor).from(bytes, VALUES[values]!), shape };
}

function described({ data, shape, dtype }: TypedImage): Described {
  const picks = [0, Math.floor(data.length / 3), data.length - 1];
  return {
    shape: [...shape],
    dtype,
    sha256: sha256(data),
    values: picks.map((i) => Number(data[i])),
  };
}

type Processor =
  typeof SiglipImageProcessor | typeof SiglipImageProcessorFast | typeof CLIPImageProcessor;

function run(
  processor: Processor,
  { images, config, options }: Case,
  kernels: PixelKernels | undefined,
) {
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  try {
    const made = processor.from_dict(config, {}, { warn, kernels });
    const { pixel_values } = made.preprocess(build(images) as ProcessorImages, options);
    const result = Array.isArray(pixel_values)
      ? pixel_values.map(described)
      : described(pixel_values);
    return { result, warnings };
  } catch (error) {
    return { message: (error as Error).message, warnings };
  }
}

/** What differs by design: Python prints sets in any order, and arrays whole; KeyError has no words. */
function comparable(message: string): string {
  return message
    .replace(/^KeyError: ('\w+').*/, '$1')
    .replace(/(set of keys: )\(.*\)/, '$1')
    .replace(/(kwargs: )(.*)\./, (_, head, names) => head + names.split(', ').sort().join())
    .replace(/^(Could not make a flat list of images from)[^]*/, '$1')
    .replace(/^(Could not make a flat list of images) fro$/, '$1 from');
}

const KINDS: [string, Processor][] = [
  ['slow', SiglipImageProcessor],
  ['fast', SiglipImageProcessorFast],
  ['clip', CLIPImageProcessor],
];

for (const [kind, processor] of KINDS) {
  describe(kind, () => {
    const file = `processor-${kind}.json`;
    for (const folder of foldersWith(file)) {
      test.each(WAYS)(`cases in ${folder.slice(-40)}, $way`, ({ kernels }) => {
        const { cases } = readJson<Goldens>(folder, file);
        const wrong: unknown[] = [];
        for (const golden of cases) {
          const got = run(processor, golden, kernels);
          const { images, config, options, result, message, warnings } = golden;
          const right =
            message === undefined
              ? JSON.stringify(got.result) === JSON.stringify(result)
              : got.message !== undefined && comparable(got.message) === comparable(message);
          const heard = got.warnings.map(comparable).join() === warnings.map(comparable).join();
          if (!right || !heard)
            wrong.push({ images, config, options, got, result, message, warnings });
        }
        expect(wrong).toEqual([]);
      });
    }

    test('JSON', () => {
      const { json } = readJson<Goldens>(foldersWith(file)[0]!, file);
      expect(new processor().to_json_string()).toBe(json.default);
      expect(processor.from_dict(json.config, { resample: 2 }).to_json_string()).toBe(json.text);
    });
  });
}
