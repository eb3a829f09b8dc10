// What things print as: console.log in Node, String() everywhere.
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import {
  AutoProcessor,
  defaultModel,
  HostTensor,
  pipeline,
  SiglipConfig,
  SiglipImageProcessorFast,
  SiglipTextModel,
} from 'siglip-ts';

function printed(x: unknown): string {
  let text = '';
  const stdout = new Writable({ write: (chunk, _, done) => (void (text += chunk), done()) });
  new Console(stdout).log(x);
  return text.trimEnd();
}

const files = await defaultModel();
const MODEL = 'SiglipModel { the given files, 1,767,426 parameters, float32, wasm }';

test('models and pipelines', async () => {
  const classify = await pipeline('zero-shot-image-classification', files);
  expect(printed(classify.model)).toBe(MODEL);
  expect(`${String(classify.model)}`).toBe(MODEL);
  expect(printed(classify)).toBe(`pipeline zero-shot-image-classification { ${MODEL} }`);
  expect(inspect({ model: classify.model })).toBe(`{\n  model: ${MODEL}\n}`);
  await classify.dispose();
  expect(printed(classify.model)).toBe(MODEL.replace(' }', ', disposed }'));

  const { text_config } = new SiglipConfig({
    text_config: { num_hidden_layers: 0, vocab_size: 5 },
  });
  await using fresh = await SiglipTextModel.from_config(text_config, { dtype: 'float64' });
  expect(printed(fresh)).toMatch(
    /^SiglipTextModel \{ fresh weights, [\d,]+ parameters, float64, cpu \}$/,
  );
});

test('processors and tokenizers', async () => {
  const processor = await AutoProcessor.from_pretrained(files);
  const tokenizer = 'SiglipTokenizer { 2,560 tokens, up to 16 in a text }';
  const images = 'SiglipImageProcessor {"size":{"height":64,"width":64}}';
  expect(printed(processor.tokenizer)).toBe(tokenizer);
  expect(printed(processor.image_processor)).toBe(images);
  expect(printed(processor)).toBe(`SiglipProcessor { ${tokenizer}, ${images} }`);
  expect(printed(await SiglipImageProcessorFast.from_pretrained(files))).toBe(
    images.replace('Processor', 'ProcessorFast'),
  );
});

test('tensors, and outputs that hold some', async () => {
  const tensor = new HostTensor([2, 4], 'float32', Float32Array.of(0.1, 2, -3, 4e-9, 5, NaN, 7, 8));
  await tensor.data();
  const text = 'HostTensor float32 [2, 4] { 0.1, 2, -3, 4e-9, 5, NaN, … }';
  expect(printed(tensor)).toBe(text);
  expect(String(tensor)).toBe(text);
  const half = new HostTensor([2], 'float16', Uint16Array.of(0x3c00, 0xc000));
  await half.data();
  expect(printed(half)).toBe('HostTensor float16 [2] { 1, -2 }');
  expect(printed(new HostTensor([2], 'float32', new Promise(() => {})))).toBe(
    'HostTensor float32 [2] { … }',
  );
  const scalar = new HostTensor([], 'float32', Float32Array.of(1.5));
  await scalar.data();
  expect(printed(scalar)).toBe('HostTensor float32 [] { 1.5 }');

  await using model = await SiglipTextModel.from_pretrained(files);
  const output = printed(await model({ input_ids: [[4, 1]] }));
  expect(output).toMatch(
    /^ModelOutput \{\n {2}last_hidden_state: HostTensor float32 \[1, 2, 128\] \{ -?\d/,
  );
  expect(output).toMatch(
    /pooler_output: HostTensor float32 \[1, 128\] \{ .*, … \},\n {2}hidden_states: null/,
  );
});
