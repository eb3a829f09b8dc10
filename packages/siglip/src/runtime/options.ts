// How options are checked: one that is none is refused by name, with the right word for those of transformers.js and of
// Python. Which there are stands beside each interface of options; what values may be in values.ts, or where they are used.
import type { Check } from './values.ts';

/** The options of an interface, with what checks each; 0: where it is used. The compiler sees to it that none is missing. */
export type All<O> = Readonly<Record<keyof O, 0 | Check>>;
export type Known = Readonly<Record<string, 0 | Check>>;

/** Others' words that are refused, and what says the same here. */
const INSTEAD: Readonly<Record<string, string>> = {
  quantized: "write dtype: 'q8'",
  session_options: 'threads is one here',
  ...each('model_file_name use_external_data_format', 'weights are model.safetensors'),
  trust_remote_code: 'models bring no code',
  use_safetensors: 'there are no other weights',
  force_download: 'write cache: false',
  proxies: 'write fetch, or set NODE_USE_ENV_PROXY=1',
  use_fast: 'write image_processor: await SiglipImageProcessorFast.from_pretrained(model)',
  ...each('top_k function_to_apply', 'it is for image-classification'),
  ...each(
    'candidate_labels hypothesis_template tokenizer_kwargs timeout pool',
    'pass it when you call the pipeline',
  ),
  images: 'write it at pipeline(…), for every call, or at loadImage',
  ...each('device threads weights backend dtype', 'pass it where the model is loaded'),
  ...each('do_lower_case model_max_length', 'write tokenizer: { … }'),
  ...each('do_resize size do_normalize image_mean image_std', 'write image_processor: { … }'),
  ...each(
    'output_attentions output_hidden_states num_labels id2label label2id',
    'write config: { … }',
  ),
};
function each(names: string, text: string): Record<string, string> {
  return Object.fromEntries(names.split(' ').map((name) => [name, text]));
}

/** Others' words that change nothing here: with these values, or with any. */
const IDLE = new Map<string, readonly unknown[] | undefined>([
  ['quantized', [false]],
  ['trust_remote_code', [false]],
  ['use_safetensors', [true, null]],
  ['force_download', [false]],
  ['proxies', [null]],
  ['use_fast', [false]],
  ['framework', ['pt']],
  ['low_cpu_mem_usage', undefined],
  ['batch_size', undefined],
  ['num_workers', undefined],
]);

/**
 * `options` as they are here, without those that are undefined or change nothing. Throws TypeError for one that is not
 * among `known`. `where`: what was called.
 */
export function expectKnown<O extends object>(where: string, options: O, known: Known): O {
  const idle = (name: string, value: unknown) =>
    IDLE.has(name) && (IDLE.get(name)?.includes(value) ?? true);
  const given = Object.entries(objectOf(where, options)).filter(
    ([name, value]) => value !== undefined && (Object.hasOwn(known, name) || !idle(name, value)),
  );
  for (const [name] of given)
    if (!Object.hasOwn(known, name))
      throw new TypeError(`${where}: there is no option ${name}${better(name, known)}`);
  expectValues(Object.fromEntries(given), known);
  return Object.fromEntries(given) as O;
}

/** Throws TypeError for a value that one of the `known` options cannot have; others may be there. */
export function expectValues(options: object, known: Known): void {
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(known, name) && known[name];
    if (check) check(name, value);
  }
}

function objectOf(where: string, options: unknown): Record<string, unknown> {
  if (typeof options === 'object' && options !== null) return options as Record<string, unknown>;
  throw new TypeError(`${where}: options are ${String(options)}, expected an object`);
}

/** What to write in place of an unknown name. */
function better(name: string, known: Known): string {
  if (Object.hasOwn(INSTEAD, name)) return `; ${INSTEAD[name]}`;
  const names = Object.keys(known);
  const [nearest] = names
    .map((word) => [distance(plain(name), plain(word)), word] as const)
    .sort(([a], [b]) => a - b);
  if (nearest && nearest[0] <= 2) return `; did you mean ${nearest[1]}?`;
  return `; there are ${names.join(', ')}`;
}

const plain = (name: string): string => name.toLowerCase().replaceAll('_', '');

/** How many letters are to be added, dropped or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++)
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + +(a[i - 1] !== b[j - 1]));
  }
  return row[b.length]!;
}

/** transformers.js' dtypes. `fp16` and `q8` are how weights are stored; arithmetic is float32 there, too. */
const DTYPES: Readonly<Record<string, object>> = {
  fp32: { dtype: 'float32' },
  fp16: { dtype: 'float32', weights: 'float16' },
  q8: { dtype: 'float32', weights: 'int8' },
};

/**
 * The options of a loader: others' words that mean something become ours, and what is left is checked.
 *
 * cache_dir is cache, use_auth_token is token; device: 'wasm' and 'gpu' are the backends of that name, 'cpu' and 'auto'
 * the default; dtype: 'fp32', 'fp16' and 'q8' are those of DTYPES.
 */
export function loaderOptions<O extends object>(where: string, options: O, known: Known): O {
  const { cache_dir, use_auth_token, ...o } = objectOf(where, options);
  if (cache_dir !== undefined) o.cache ??= cache_dir;
  if (use_auth_token !== undefined) o.token ??= use_auth_token;
  if ('backend' in known) {
    const { device, dtype } = o;
    delete o.device;
    if (device === 'wasm' || device === 'gpu') o.backend ??= device;
    else if (device != null && device !== 'cpu' && device !== 'auto')
      throw new TypeError(
        `${where}: device is ${String(device)}, expected wasm, cpu, gpu (GPU.js, on WebGL) or auto`,
      );
    if (typeof dtype === 'string' && Object.hasOwn(DTYPES, dtype))
      Object.assign(o, DTYPES[dtype], o.weights !== undefined && { weights: o.weights });
    else if (dtype != null && (typeof dtype !== 'string' || /^(u?int8|bnb4|q4f16|q4)$/.test(dtype)))
      throw new TypeError(
        `${where}: dtype is ${typeof dtype === 'string' ? dtype : 'no name'}, expected q8 (weights of 8 bits), fp16, fp32 or a dtype of torch`,
      );
  }
  return expectKnown(where, o as O, known);
}
