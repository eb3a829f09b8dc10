// What goes into a model: decoding a JPEG, resizing it, and tokens of texts; beside JavaScript's and Python's usual
// libraries. The Python ones time themselves in a child process.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pixelKernels } from '@siglip-ts/backend-wasm/pixels';
import { decodeJpeg, resizePillow } from '@siglip-ts/image';
import { SentencePiece } from '@siglip-ts/tokenizer';
import { SiglipImageProcessor, SiglipTokenizer } from 'siglip-ts';
import { baseCheckpoint } from '../checkpoint.mjs';
import { FOLDER } from '../folder.mjs';
import { interleave } from '../measure.mjs';
import { gather, jpegJs, transformersJs } from '../peers.mjs';
import { python } from '../python.mjs';

const root = join(import.meta.dirname, '..', '..');
const SOURCE = join(root, 'fixtures', 'images', 'coffee-progressive.jpg');
const PHOTO = join(root, 'bench', '.cache', 'photo.jpg');

/** A JPEG of 640x480, baseline, quality 90, made with Pillow; where there is no Python, a smaller one of the fixtures. */
export async function photo() {
  if (existsSync(PHOTO)) return PHOTO;
  try {
    const child = python();
    const hex = await child.ask('photo', SOURCE, 640, 480);
    child.close();
    mkdirSync(join(PHOTO, '..'), { recursive: true });
    writeFileSync(PHOTO, Buffer.from(hex, 'hex'));
    return PHOTO;
  } catch {
    return join(root, 'fixtures', 'images', 'cat.jpg');
  }
}

/** What siglip-ts passes by itself. */
const kernels = pixelKernels();

const SENTENCE =
  'A photograph of two brown dogs playing with a red ball on the beach while the sun sets behind the sea.';
const TEXTS = Array.from({ length: 200 }, (_, i) => `${SENTENCE} ${i}`);

/** Python's contender for one kind of work. */
const pythonDoes = (what, library) => async () => {
  await baseCheckpoint();
  const child = python();
  const versions = await child.ask('prepare', await photo(), join(FOLDER, 'spiece.model'), TEXTS);
  await child.ask(what);
  return { run: () => child.ask(what), note: versions[library] };
};

async function timed(makers, o) {
  const { contenders, absent } = await gather(makers);
  const times = await interleave(contenders, { rounds: o.quick ? 5 : 30, warmup: 5 });
  return { contenders, absent, times };
}

async function decodeRow(o) {
  const bytes = readFileSync(await photo());
  const makers = {
    ours: async () => ({ run: () => decodeJpeg(bytes, { kernels }) }),
    'ours, without WebAssembly': async () => ({ run: () => decodeJpeg(bytes) }),
    'jpeg-js': async () => {
      const { decode } = await jpegJs();
      return {
        run: () => decode(bytes, { useTArray: true, formatAsRGBA: false }),
        note: 'inexact',
      };
    },
    'Python Pillow': pythonDoes('decode', 'Pillow'),
  };
  const { width, height } = decodeJpeg(bytes);
  return { ...(await timed(makers, o)), lines: [`\n${width}x${height}, ${bytes.length} bytes`] };
}

async function resizeRow(o) {
  const picture = decodeJpeg(readFileSync(await photo()));
  const size = { width: 224, height: 224 };
  return timed(
    {
      ours: async () => ({ run: () => resizePillow(picture, size, { kernels }) }),
      'ours, without WebAssembly': async () => ({ run: () => resizePillow(picture, size) }),
      'transformers.js': async () => {
        const { RawImage } = await transformersJs();
        const { data, width, height } = picture;
        const image = new RawImage(new Uint8ClampedArray(data), width, height, 3);
        return { run: () => image.resize(224, 224, { resample: 3 }), note: 'inexact, native code' };
      },
      'Python Pillow': pythonDoes('resize', 'Pillow'),
    },
    o,
  );
}

async function processorRow(o) {
  const bytes = readFileSync(await photo());
  const folder = await baseCheckpoint();
  const ours = await SiglipImageProcessor.fromPretrained(folder);
  return timed(
    {
      ours: async () => ({
        run: () => ours(decodeJpeg(bytes, { kernels }), { return_tensors: true }),
      }),
      'transformers.js': async () => {
        const { AutoProcessor, RawImage } = await transformersJs();
        const processor = await AutoProcessor.from_pretrained(folder);
        const file = await photo();
        const run = async () => processor.image_processor(await RawImage.read(file));
        return { run, note: 'inexact, native code' };
      },
    },
    o,
  );
}

async function tokensRow(o) {
  const folder = await baseCheckpoint();
  const ours = await SiglipTokenizer.fromPretrained(folder);
  const pieces = SentencePiece.fromBytes(readFileSync(join(folder, 'spiece.model')));
  const count = ours([...TEXTS]).input_ids.flat().length;
  const result = await timed(
    {
      'ours, SiglipTokenizer': async () => ({ run: () => ours([...TEXTS]) }),
      'ours, SentencePiece': async () => ({ run: () => TEXTS.map((t) => pieces.encodeAsIds(t)) }),
      'transformers.js': async () => {
        const { AutoTokenizer } = await transformersJs();
        const tokenizer = await AutoTokenizer.from_pretrained(folder);
        return { run: () => tokenizer([...TEXTS], { return_tensor: false }) };
      },
      'Python sentencepiece': pythonDoes('tokenize', 'sentencepiece'),
    },
    o,
  );
  return { ...result, lines: [`\n${TEXTS.length} texts, ${count} tokens`] };
}

export const rows = [
  { name: 'jpeg', title: 'decoding a JPEG', run: decodeRow },
  { name: 'resize', title: 'bicubic resize to 224x224', run: resizeRow },
  { name: 'preprocess', title: 'a JPEG file to pixel_values', run: processorRow },
  { name: 'tokens', title: 'tokens of 200 sentences', run: tokensRow },
];
