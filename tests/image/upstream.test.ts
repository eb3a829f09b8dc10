// transformers' tests/models/siglip/test_image_processing_siglip.py and its mixin, for both processors.
import { describe, expect, test, vi } from 'vitest';
import {
  convertRgb,
  decodeImage,
  type ProcessorImages,
  type RawImage,
  SiglipImageProcessor,
  SiglipImageProcessorFast,
  type TypedImage,
} from '@siglip-ts/image';
import { FIXTURES, readBytes } from './bundle.ts';
import { pattern } from './pattern.ts';

// SiglipImageProcessingTester: 7 pictures of 30..400 pixels, resized to 18x18.
const CONFIG = {
  do_resize: true,
  size: { height: 18, width: 18 },
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
};

const sizes = Array.from({ length: 7 }, (_, i) => [30 + 61 * i, 400 - 53 * i] as const);
const pil: RawImage[] = sizes.map(([width, height], i) => ({
  mode: 'RGB',
  width,
  height,
  data: pattern('noise', i, height, width, 3),
}));
const arrays = pil.map(({ data, width, height }) => ({ data, shape: [height, width, 3] }));

const shapeOf = (values: unknown) => (values as TypedImage).shape;

const PROCESSORS = { SiglipImageProcessor, SiglipImageProcessorFast };

for (const [name, Processor] of Object.entries(PROCESSORS)) {
  describe(name, () => {
    const processor = Processor.from_dict(CONFIG);

    test('properties', () => {
      for (const key of ['do_resize', 'size', 'resample', 'do_rescale', 'rescale_factor']) {
        expect(processor).toHaveProperty(key);
      }
      for (const key of ['do_normalize', 'image_mean', 'image_std']) {
        expect(processor).toHaveProperty(key);
      }
      expect(processor.model_input_names).toEqual(['pixel_values']);
    });

    test('from_dict with overrides', () => {
      expect(processor.size).toEqual({ height: 18, width: 18 });
      const size = { height: 84, width: 84 };
      expect(Processor.from_dict(CONFIG, { size }).size).toEqual(size);
    });

    test.each([
      ['PIL', pil],
      ['numpy', arrays],
    ] as [string, ProcessorImages[]][])('call with %s', (_, images) => {
      const one = processor.call(images[0]!, { return_tensors: 'pt' }).pixel_values;
      expect(shapeOf(one)).toEqual([1, 3, 18, 18]);
      const all = processor.call(images as ProcessorImages, { return_tensors: 'pt' }).pixel_values;
      expect(shapeOf(all)).toEqual([7, 3, 18, 18]);
    });

    test('JSON there and back', () => {
      const saved = JSON.parse(processor.to_json_string()) as Record<string, unknown>;
      expect(saved).toMatchObject(CONFIG);
      expect(saved['image_processor_type']).toBe(name);
      expect(Processor.from_dict(saved).to_json_string()).toBe(processor.to_json_string());
    });

    test('init without arguments', () => {
      expect(new Processor().size).toEqual({ height: 224, width: 224 });
      expect(new Processor().resample).toBe(3);
    });

    test('unknown arguments are warned about', () => {
      const warn = vi.fn<(message: string) => void>();
      const spoken = Processor.from_dict(CONFIG, {}, { warn });
      const call = () => spoken.preprocess(pil[0]!, { extra_argument: true });
      if (Processor === SiglipImageProcessorFast)
        expect(call).toThrow("got an unexpected keyword argument 'extra_argument'");
      else call();
      expect(warn.mock.calls.flat().join()).toContain('extra_argument');
    });

    test('keys of later versions are kept', () => {
      const kept = Processor.from_dict({ ...CONFIG, do_something_new: { deep: [1] } }).to_dict();
      expect(kept['do_something_new']).toEqual({ deep: [1] });
    });
  });
}

test('slow and fast agree', () => {
  const photo = decodeImage(readBytes(FIXTURES, 'images', 'cat.jpg'));
  const slow = new SiglipImageProcessor().call(photo, { return_tensors: 'pt' });
  const fast = new SiglipImageProcessorFast().call(photo, { return_tensors: 'pt' });
  const a = (slow.pixel_values as TypedImage).data;
  const b = (fast.pixel_values as TypedImage).data;
  const most = [...a].reduce((max, v, i) => Math.max(max, Math.abs(v - b[i]!)), 0);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThan(0.1);
});

test('each loads what the other saved', () => {
  const slow = SiglipImageProcessor.from_dict({ ...CONFIG, resample: 2 });
  const fast = SiglipImageProcessorFast.from_dict(slow.to_dict());
  expect(fast.size).toEqual(slow.size);
  expect(fast.resample).toBe(2);
  expect(fast.to_dict()['image_processor_type']).toBe('SiglipImageProcessorFast');
  const back = SiglipImageProcessor.from_dict(fast.to_dict());
  expect(back.image_mean).toEqual(slow.image_mean);
  expect(back.to_dict()['image_processor_type']).toBe('SiglipImageProcessor');
});

test('the rescaling warning is given once', () => {
  const warn = vi.fn();
  const processor = SiglipImageProcessor.from_dict(CONFIG, {}, { warn });
  const scaled = { data: new Float32Array(3 * 40 * 30).fill(0.5), shape: [3, 40, 30] };
  processor.call(scaled);
  processor.call(scaled);
  expect(warn).toHaveBeenCalledTimes(1);
});

test('gray pictures need RGB first, or do_convert_rgb', () => {
  const gray = decodeImage(readBytes(FIXTURES, 'images', 'camera-gray.jpg'));
  const processor = SiglipImageProcessor.from_dict(CONFIG);
  expect(() => processor.call(gray)).toThrow('Unsupported number of image dimensions: 2');
  const converted = processor.call(convertRgb(gray), { return_tensors: 'np' });
  const asked = processor.call(gray, { return_tensors: 'np', do_convert_rgb: true });
  expect(asked).toEqual(converted);
});
