// The text files of a model, each changed beside the others as they are: what reads it must give a result that can be used.
import type { RawImage } from '@siglip-ts/image';
import { AutoConfig, AutoImageProcessor, AutoTokenizer } from 'siglip-ts';
import { mutateJson } from '../mutate/json.ts';
import { mutateProtobuf } from '../mutate/protobuf.ts';
import { fileOf, type Parser } from './parser.ts';

const TINY = 'packages/tiny-model/model';
const GEMMA = 'fixtures/tokenizer/gemma';
const SMALL = 'byte-fallback.model';

const TEXTS = ['a photo of a rocket', ' </s><pad> ÄÖ 🚀\u0000\ud800 ', ''];
const quiet = { warn() {} };

/** Encodes and decodes, beside the files that are as they were. */
const tokenizer =
  (name: string, folder: string, others: readonly string[], spiece?: string): Parser['read'] =>
  async (bytes) => {
    const files = new Map(others.map((other) => [other, cached(folder, other)]));
    if (spiece) files.set('spiece.model', cached('fixtures/tokenizer', spiece));
    const made = await AutoTokenizer.from_pretrained(files.set(name, bytes), { tokenizer: quiet });
    for (const text of TEXTS) {
      const { input_ids } = made(text, { padding: 'max_length', truncation: true, max_length: 64 });
      if (!input_ids.every((id) => Number.isSafeInteger(id) && id >= 0)) return `ids ${input_ids}`;
      if (typeof made.decode(input_ids) !== 'string') return 'no text';
    }
    return undefined;
  };

const read = new Map<string, Uint8Array>();
function cached(folder: string, name: string): Uint8Array {
  const path = `${folder}/${name}`;
  const bytes = read.get(path) ?? fileOf(path);
  read.set(path, bytes);
  return bytes;
}

/**
 * A tokenizer.json with the first merges alone, and of the vocabulary what these, bytes and added tokens need: it has all parts of
 * the whole one, and is read ten times as fast.
 */
function withFewMerges(bytes: Uint8Array, count: number): Uint8Array {
  const json = JSON.parse(new TextDecoder().decode(bytes)) as {
    added_tokens: { content: string }[];
    model: { vocab: Record<string, number>; merges: [string, string][] };
  };
  const merges = json.model.merges.slice(0, count);
  const needed = new Set([
    ...json.added_tokens.map(({ content }) => content),
    ...merges.flatMap(([left, right]) => [left, right, left + right]),
  ]);
  const vocab = Object.fromEntries(
    Object.entries(json.model.vocab).filter(
      ([token]) => needed.has(token) || /^(<0x..>|.)$/su.test(token),
    ),
  );
  return new TextEncoder().encode(
    JSON.stringify({ ...json, model: { ...json.model, vocab, merges } }),
  );
}

const PICTURE: RawImage = { mode: 'RGB', width: 2, height: 3, data: new Uint8Array(18).fill(77) };

export const MODEL_FILES: readonly Parser[] = [
  {
    name: 'spiece.model',
    seeds: () => [
      fileOf('fixtures/parity/letters.model'),
      ...['byte-fallback', 'no-prefix', 'casefold'].map((name) =>
        fileOf('fixtures/tokenizer', `${name}.model`),
      ),
    ],
    mutate: mutateProtobuf,
    read: tokenizer('spiece.model', TINY, []),
    names: /spiece\.model/,
  },
  {
    name: 'tokenizer.json',
    seeds: () => {
      const whole = fileOf(GEMMA, 'tokenizer.json');
      return [whole, ...[0, 5, 20, 60].map((merges) => withFewMerges(whole, merges))];
    },
    mutate: mutateJson,
    read: tokenizer('tokenizer.json', GEMMA, ['tokenizer_config.json']),
    names: /tokenizer\.json/,
  },
  {
    name: 'tokenizer_config.json',
    seeds: () => [fileOf(TINY, 'tokenizer_config.json')],
    mutate: mutateJson,
    // It says nothing of a vocabulary: beside it is a small one, since all files are read for each input.
    read: tokenizer('tokenizer_config.json', TINY, ['special_tokens_map.json'], SMALL),
    names: /tokenizer_config\.json/,
    hf: /^You should supply|^sp_model_kwargs: |^One of the tokens is not|^Value |^Cannot set a non-string|^Asking to pad/,
  },
  {
    name: 'config.json',
    seeds: () => [
      fileOf(TINY, 'config.json'),
      ...['odd', 'classifier-3'].map((name) => fileOf('fixtures/model', name, 'config.json')),
    ],
    mutate: mutateJson,
    async read(bytes) {
      const config = await AutoConfig.from_pretrained(new Map([['config.json', bytes]]));
      for (const file of config.files().values()) JSON.parse(new TextDecoder().decode(file));
      return undefined;
    },
    names: /config\.json|the given files/,
    hf: /^Argument |^The checkpoint you are trying|^The config parameter/,
  },
  {
    name: 'preprocessor_config.json',
    seeds: () => [fileOf(TINY, 'preprocessor_config.json')],
    mutate: mutateJson,
    async read(bytes) {
      const files = new Map([['preprocessor_config.json', bytes]]);
      const processor = await AutoImageProcessor.from_pretrained(files);
      const { pixel_values } = processor(PICTURE, { return_tensors: true });
      const { data, shape } = pixel_values;
      const isWhole = data.length === shape.reduce((a, b) => a * b);
      return isWhole ? undefined : `${data.length} for [${shape}]`;
    },
    names: /preprocessor_config\.json/,
    hf: /^(size|mean|std|crop_size) must |must be specified if/,
  },
];
