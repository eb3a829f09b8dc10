// What the model classes share: loading, saving, HF's switches, and outputs on their way to the host.
import {
  setAttention,
  type AttentionImplementation,
  type Attributes,
  type Backend,
  type HostTensor,
  type Scope,
  type Tower,
} from '@siglip-ts/core';
import type { SiglipConfig, SiglipTextConfig, SiglipVisionConfig } from './configs.ts';
import { filesOf, readConfig, type ModelSource } from '@siglip-ts/hub';
import type { TensorLike } from './inputs.ts';
import { LOAD, loading } from '../runtime/options.ts';
import { ModelOutput, type BaseModelOutputWithPooling } from './model-output.ts';
import { expectQuantization } from '../runtime/quantized.ts';
import {
  freshRuntime,
  loadRuntime,
  parametersOf,
  type LoadOptions,
  type Runtime,
  type RunOptions,
} from '../runtime/loading.ts';

/** HF's forward switches; those left out are the configuration's. */
export interface ForwardOptions extends RunOptions {
  output_hidden_states?: boolean;
  output_attentions?: boolean;
  /** false: a tuple in HF's order instead of named fields. */
  return_dict?: boolean;
}
export interface VisionInputs extends ForwardOptions {
  /** [B, C, H, W] */
  pixel_values: TensorLike;
  interpolate_pos_encoding?: boolean;
}
export interface TextInputs extends ForwardOptions {
  /** [B, T] */
  input_ids: TensorLike;
  attention_mask?: TensorLike | null;
  position_ids?: TensorLike | null;
}

export type AnyConfig = SiglipConfig | SiglipTextConfig | SiglipVisionConfig;

/** What loading needs to know of a class. */
export interface ModelClass<C extends AnyConfig, M> {
  readonly name: string;
  /** The class's configuration out of a config.json, with changes. */
  readonly configOf: (dict: Attributes, overrides: Attributes) => C;
  /** A forward with the least inputs, run on nothing to learn the parameters. */
  readonly probe: (config: C) => (s: Scope, b: Backend) => Promise<unknown>;
  readonly make: (config: C, runtime: Runtime) => M;
}

/** from_pretrained. */
export async function load<C extends AnyConfig, M>(
  kind: ModelClass<C, M>,
  source: ModelSource,
  options: LoadOptions,
): Promise<M> {
  const o = loading(`${kind.name}.from_pretrained`, options, LOAD);
  const files = await filesOf(source, o);
  // The configuration is the model's, however its weights were stored: it is saved with floats.
  const { quantization_config, ...dict } = await readConfig(files);
  expectQuantization(quantization_config, files.name);
  const config = kind.configOf(dict, o.config ?? {});
  setAttention(config, implementationOf(o));
  const shapes = await parametersOf(kind.probe(config));
  const runtime = await loadRuntime(files, kind.name, shapes, {
    ...o,
    configDtype: config.torch_dtype,
  });
  return kind.make(config, runtime);
}

/** A model of this configuration with fresh weights. */
export async function create<C extends AnyConfig, M>(
  kind: ModelClass<C, M>,
  config: C,
  options: LoadOptions,
): Promise<M> {
  const o = loading(`${kind.name}.from_config`, options, LOAD);
  setAttention(config, implementationOf(o));
  return kind.make(config, await freshRuntime(await parametersOf(kind.probe(config)), o));
}

function implementationOf(o: LoadOptions): AttentionImplementation | null {
  const name = o.attn_implementation ?? null;
  if (name !== null && !['eager', 'sdpa', 'flash_attention_2'].includes(name))
    throw new RangeError(
      `Specified \`attn_implementation="${name}"\` is not supported. The only possible arguments are \`attn_implementation="eager"\`, \`"attn_implementation=flash_attention_2"\`, \`"attn_implementation=sdpa"\`.`,
    );
  return name;
}

/** The switches of one call, filled from the configuration. */
export const switches = (o: ForwardOptions, config: AnyConfig) => ({
  output_hidden_states: o.output_hidden_states ?? config.output_hidden_states,
  output_attentions: o.output_attentions ?? config.output_attentions,
  return_dict: o.return_dict ?? config.return_dict,
});

export const hostOf = (x: { host(): HostTensor } | null): HostTensor | null => x && x.host();

/** HF's fields of a tower's output, on the host. */
export const towerOutput = (t: Tower): BaseModelOutputWithPooling =>
  new ModelOutput({
    last_hidden_state: t.last_hidden_state.host(),
    pooler_output: hostOf(t.pooler_output),
    hidden_states: t.hidden_states,
    attentions: t.attentions,
  }) as BaseModelOutputWithPooling;

/** HF's tuple of a tower: the pooled output keeps its place even where there is none. */
export const towerTuple = (y: BaseModelOutputWithPooling): unknown[] => [
  y.last_hidden_state,
  y.pooler_output,
  ...[y.hidden_states, y.attentions].filter((x) => x !== null),
];

/** Waits until every tensor has come to the host, so that a failure on the device is the call's own. */
export async function settled<T>(output: T): Promise<T> {
  const wait = async (x: unknown): Promise<void> => {
    if (x === null || typeof x !== 'object') return;
    if ('data' in x && typeof x.data === 'function') await x.data();
    else await Promise.all(Object.values(x).map(wait));
  };
  await wait(output);
  return output;
}
