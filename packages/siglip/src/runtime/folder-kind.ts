// What a folder is that is no SigLIP model in transformers' layout, and what to do then, in one line. Asked only when loading
// has failed: nothing here decides whether a folder is good.
import type { JsonObject, ModelFiles } from '@siglip-ts/hub';
import { decodeUtf8, type TensorInfo } from '@siglip-ts/safetensors';
import { openWeights } from './checkpoint.ts';

/** The model types of config.json that are SigLIP's. */
const TYPES = ['siglip', 'siglip_text_model', 'siglip_vision_model'];

const UNKNOWN = 'The checkpoint you are trying to load has model type';

/** HF's words for a type that is not known. Undefined for one that is, and for none: a class knows what it loads. */
export const foreignType = (
  { model_type }: JsonObject,
  known: readonly string[] = TYPES,
): string | undefined =>
  model_type === undefined || known.includes(model_type as string)
    ? undefined
    : `${UNKNOWN} \`${typeof model_type === 'string' ? model_type : JSON.stringify(model_type)}\` but only these are recognized: ${known.join(', ')}`;

const NONE: JsonObject = {};

/** What a folder shows of itself. */
interface Seen {
  /** The first of the names that matches, where names are known: on a server they are not. */
  named(pattern: RegExp): string | undefined;
  /** The JSON in a file; NONE where there is none or it is broken. */
  json(name: string): Promise<JsonObject>;
  /** The first bytes of each file that was read, as text. */
  readonly heads: ReadonlyMap<string, string>;
  /** What the error says already. */
  readonly said: string;
  /** Empty where the weights were not found, or not reached before something else failed. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

interface Row {
  /** What shows it, as the sentence needs it; empty or undefined: it is something else. */
  recognise(seen: Seen): Promise<string | undefined> | string | undefined;
  say(sign: string): string;
}

const headed = (start: RegExp, say: Row['say']): Row => ({
  recognise: ({ heads }) => [...heads].find(([, head]) => start.test(head))?.[0],
  say,
});

/** Weights in files of another kind, where there are none of ours. */
const files = (pattern: RegExp, say: Row['say']): Row => ({
  recognise: (seen) =>
    seen.named(/^model(-.*)?\.safetensors(\.index\.json)?$/)
      ? undefined
      : seen.named(new RegExp(`^[^/]*${pattern.source}`)),
  say,
});

const tensors = (pattern: RegExp, say: Row['say']): Row => ({
  recognise: (seen) => [...seen.tensors.keys()].find((key) => pattern.test(key)),
  say,
});

const TAKE = "take the model's checkpoint for transformers";
const IN_PYTHON = 'in Python, load it with transformers and save_pretrained it anew';

/** The first that is recognised speaks: the surest signs stand first. */
const ROWS: readonly Row[] = [
  headed(
    /^version https:\/\/git-lfs/,
    (name) => `${name} is a git-LFS pointer, not the file: run git lfs pull, or download it again`,
  ),
  headed(
    /^\s*<(!doctype|html|\?xml|head)/i,
    (name) => `${name} is a web page, not the file: download it again by its own address`,
  ),
  {
    async recognise({ json }) {
      const adapter = await json('adapter_config.json');
      const base = adapter.base_model_name_or_path ?? 'a model that it does not name';
      return adapter === NONE ? '' : String(base);
    },
    say: (base) =>
      `an adapter of PEFT (adapter_config.json) for ${base}, not a model: merge the two in Python, model.merge_and_unload().save_pretrained(folder)`,
  },
  {
    async recognise({ json }) {
      const own = (await json('config.json')) !== NONE; // some folders have both
      return own || (await json('open_clip_config.json')) === NONE ? '' : 'open_clip_config.json';
    },
    say: (name) => `open_clip's layout (${name}): ${TAKE}`,
  },
  {
    async recognise({ json }) {
      const paths = Object.values(await json('modules.json')) as { path?: unknown }[];
      return paths.map((module) => module?.path).find((p): p is string => !!p && p !== '.');
    },
    say: (path) =>
      `sentence-transformers' layout (modules.json): the model is the folder ${path} within`,
  },
  {
    async recognise({ json }) {
      const { model_type, vision_config } = await json('config.json');
      const { num_patches } = (vision_config ?? (await json('config.json'))) as JsonObject;
      return /^siglip2/.test(String(model_type)) || num_patches !== undefined
        ? String(model_type)
        : '';
    },
    say: (type) =>
      `NaFlex (model type \`${type}\`), whose pictures keep their shape, is not supported: take a checkpoint of fixed resolution, such as google/siglip2-base-patch16-224`,
  },
  {
    async recognise({ json }) {
      const { architecture, pretrained_cfg } = await json('config.json');
      return pretrained_cfg && architecture ? String(architecture) : '';
    },
    say: (architecture) => `timm's layout (config.json of ${architecture}): ${TAKE}`,
  },
  {
    async recognise({ json }) {
      const config = await json('config.json');
      const tower = config.vision_config as JsonObject | undefined;
      const has = foreignType(config) && /^siglip/.test(String(tower?.model_type));
      return has ? String(config.model_type) : '';
    },
    say: (type) =>
      `a model of type \`${type}\` with a vision tower of SigLIP in it: in Python, load it and save_pretrained the tower alone`,
  },
  {
    recognise: async ({ json, said }) =>
      said.startsWith(UNKNOWN) ? '' : foreignType(await json('config.json')),
    say: (text) => text,
  },
  {
    recognise: ({ named }) =>
      named(/^config\.json$/) ? '' : named(/^[^/]+\/config\.json$/)?.split('/')[0],
    say: (folder) => `no config.json here, but in the folder ${folder} within: name that one`,
  },
  files(/\.gguf$/, (name) => `${name} is GGUF, which is not read: ${TAKE}`),
  files(/open_clip_.*/, (name) => `open_clip's layout (${name}): ${TAKE}`),
  files(
    /\.(bin|pt|pth|ckpt)(\.index\.json)?$/,
    (name) => `weights in ${name} only, a pickle, which is not read as it can run code: ${IN_PYTHON}`, // prettier-ignore
  ),
  files(/\.safetensors$/, (name) => `weights in ${name}, expected the name model.safetensors`),
  files(/\.(h5|msgpack)$/, (name) => `weights of TensorFlow or Flax only (${name}): ${IN_PYTHON}`),
  files(/\.npz$/, (name) => `weights in ${name} only: siglip convert makes a folder of big_vision's, MLX's are not read`), // prettier-ignore
  files(
    /(\/.*)?\.onnx$/,
    (name) => `ONNX only (${name}), for onnxruntime and transformers.js: take a checkpoint with model.safetensors`, // prettier-ignore
  ),
  tensors(
    /\.(q(weight|zeros)|weight_packed|absmax|quant_map|quant_state\..*)$/,
    (key) => `weights of 4 bits or packed ("${key}"), which are not read: take the model that it was made from`, // prettier-ignore
  ),
  tensors(
    /\.(scales|biases)$/,
    (key) => `weights that MLX has quantised ("${key}"), which are not read: ${TAKE}`,
  ),
  {
    recognise({ tensors }) {
      const [key, info] = [...tensors].find(([k]) => k.endsWith('patch_embedding.weight')) ?? [];
      const [, height, width, channels] = info?.shape ?? [];
      return height === width && channels === 3 && height !== 3 ? `${key} [${info?.shape}]` : '';
    },
    say: (tensor) => `MLX's layout, channels last (${tensor}): ${TAKE}`,
  },
  tensors(/\.lora_[AB]\./, (key) => `an adapter of PEFT that is not merged ("${key}"): merge_and_unload it in Python`), // prettier-ignore
  tensors(
    /(^|\.)(visual\.(trunk\.)?|text\.(transformer\.)?)(blocks|patch_embed|resblocks|token_embedding)/,
    (key) => `open_clip's names ("${key}"): ${TAKE}`,
  ),
  tensors(/(^|\.)blocks\.0\.(attn|norm1)\./, (key) => `timm's names ("${key}"): ${TAKE}`),
  {
    recognise({ tensors }) {
      const keys = [...tensors.keys()];
      const own = /^(.+\.)((vision|text)_model\.|logit_(scale|bias)$|classifier\.)/;
      return keys.find((key) => own.test(key));
    },
    say(key) {
      const prefix = /^.+?\.(?=(vision|text)_model\.|logit_(scale|bias)$|classifier\.)/.exec(key);
      return `its tensors are named ${prefix![0]}*, such as "${key}": save them without "${prefix![0]}", in Python {k.removeprefix("${prefix![0]}"): v for k, v in tensors.items()}`;
    },
  },
  tensors(
    /^(?!(vision|text)_model\.)(.*\.)?(embeddings\.(patch|token|position)_embedding|encoder\.layers\.0)\./,
    (key) =>
      `a tower whose names ("${key}") do not begin with vision_model. or text_model.: save them so`,
  ),
];

/** What the folder is, if it is something else that is known. `asked`: which files were asked for, and whether they are there. */
async function folderKind(
  model: ModelFiles,
  asked: ReadonlyMap<string, boolean>,
  said: string,
): Promise<string | undefined> {
  const names = await model.list?.();
  // What is not there is not asked for again.
  const absent = [...asked.keys()].filter((name) => !asked.get(name));
  const parsed = new Map(absent.map((name) => [name, Promise.resolve(NONE)]));
  const heads = new Map<string, string>();
  const read = [...asked.keys()].filter((name) => asked.get(name));
  for (const name of read) heads.set(name, await headOf(model, name));
  // Where a server has the files, asking for weights would fetch them.
  const reached = names ?? read.filter((name) => name.startsWith('model'));
  const weights = reached.length > 0 && (await openWeights(model).catch(() => undefined));
  if (weights) await weights.close();
  const seen: Seen = {
    named: (pattern) => names?.find((name) => pattern.test(name)),
    json(name) {
      const found = parsed.get(name) ?? jsonOf(model, name);
      parsed.set(name, found);
      return found;
    },
    heads,
    said,
    tensors: weights ? weights.tensors : new Map(),
  };
  for (const { recognise, say } of ROWS) {
    const sign = await recognise(seen);
    if (sign) return say(sign);
  }
  return undefined;
}

async function jsonOf(model: ModelFiles, name: string): Promise<JsonObject> {
  const bytes = await model.bytes(name);
  try {
    return bytes ? (JSON.parse(decodeUtf8(bytes, name)) as JsonObject) : NONE;
  } catch {
    return NONE;
  }
}

async function headOf(model: ModelFiles, name: string): Promise<string> {
  const source = await model.open(name);
  if (!source) return '';
  const bytes = await source.read(0, Math.min(64, source.size));
  await source.close?.();
  return String.fromCharCode(...bytes);
}

/**
 * Does `work` with the files; where it fails on what they are, the error says so in one line, if the folder is something that
 * is known, and has the first error as its cause. Where they could not be read, that error says enough.
 */
export async function orWhatItIs<T>(
  files: ModelFiles,
  work: (files: ModelFiles) => Promise<T>,
): Promise<T> {
  const asked = new Map<string, boolean>();
  let unread = false;
  function watched<R>(name: string, result: Promise<R | undefined>): Promise<R | undefined> {
    return result.then(
      (found) => (asked.set(name, found !== undefined), found),
      (error: unknown) => ((unread = true), Promise.reject(error)),
    );
  }
  const watching: Partial<ModelFiles> = {
    bytes: (name) => watched(name, files.bytes(name)),
    open: (name) => watched(name, files.open(name)),
  };
  try {
    return await work(Object.assign(Object.create(files) as ModelFiles, watching));
  } catch (error) {
    const kind = unread
      ? undefined
      : await folderKind(files, asked, String((error as Error).message)).catch(() => undefined);
    throw kind === undefined ? error : new Error(`${files.name}: ${kind}`, { cause: error });
  }
}
