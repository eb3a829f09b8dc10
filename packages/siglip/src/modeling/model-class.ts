// A row of the table of model classes: what is to be known of a class to load it, to make it anew, and to give it inputs.
// The table itself is in classes.ts; a row stands beside its class, so that a page with one class carries no other.
import {
  type AttentionImplementation,
  type Attributes,
  type Backend,
  expectConfig,
  type Scope,
  setAttention,
} from '@siglip-ts/core';
import { filesOf, type ModelSource, readConfig } from '@siglip-ts/hub';
import { foreignType, orWhatItIs } from '../runtime/folder-kind.ts';
import {
  freshRuntime,
  LOAD,
  type LoadOptions,
  loadRuntime,
  parametersOf,
} from '../runtime/loading.ts';
import { loaderOptions } from '../runtime/options.ts';
import { expectQuantization } from '../runtime/quantized.ts';
import type { Runtime } from '../runtime/running.ts';
import type { AnyConfig } from './configs.ts';
import type { PreTrainedModel } from './pretrained.ts';

/** A class of models. */
export interface ModelClass<
  C extends AnyConfig = AnyConfig,
  M extends PreTrainedModel<C> = PreTrainedModel<C>,
> {
  /** HF's name, which a bundler may not change. */
  readonly name: string;
  /** What config.json says of its models; of classes that share one, the first in the table is the default. */
  readonly model_type: string;
  /** The class's configuration out of a config.json, with changes. */
  configOf(dict: Attributes, overrides: Attributes): C;
  /** Arguments of its forward that are tensors. */
  readonly tensors: readonly string[];
  /** Those of them without which it can't run. */
  readonly needs: readonly string[];
  /** Arguments that are true or false, beside output_hidden_states and output_attentions. */
  readonly switches: readonly string[];
  /** Keys of the parameters that a checkpoint may lack, and that are then drawn anew; null: none. */
  readonly spare: RegExp | null;
  /** A forward with the least inputs: run on nothing, it shows the parameters. Throws for sizes that do not fit. */
  trace(config: C): (s: Scope, b: Backend) => Promise<unknown>;
  make(config: C, runtime: Runtime): M;
}

/** HF's class has parameters of which its forward makes no use: they run for whoever listens. */
const EVERYTHING = { tap() {} };

/** from_pretrained. */
export async function load<C extends AnyConfig, M extends PreTrainedModel<C>>(
  kind: ModelClass<C, M>,
  source: ModelSource,
  options: LoadOptions,
): Promise<M> {
  const o = loaderOptions(`${kind.name}.from_pretrained`, options, LOAD);
  return orWhatItIs(await filesOf(source, o), async (files) => {
    // The configuration is the model's, however its weights were stored: it is saved with floats.
    const { quantization_config, ...dict } = await readConfig(files);
    const foreign = foreignType(dict);
    if (foreign !== undefined && dict.model_type !== kind.model_type) throw new RangeError(foreign);
    expectQuantization(quantization_config, files.name);
    expectConfig({ ...dict, ...o.config }, `config.json of ${files.name}`);
    const config = kind.configOf(dict, o.config ?? {});
    setAttention(config, implementationOf(o));
    const shapes = await parametersOf(kind.trace(config), EVERYTHING);
    const own = (config.architectures ?? []).includes(kind.name);
    const wanted = { name: kind.name, shapes, spare: kind.spare, own };
    const runtime = await loadRuntime(files, wanted, { ...o, configDtype: config.torch_dtype });
    return kind.make(config, runtime);
  });
}

/** from_config: a model of this configuration with fresh weights. */
export async function create<C extends AnyConfig, M extends PreTrainedModel<C>>(
  kind: ModelClass<C, M>,
  config: C,
  options: LoadOptions,
): Promise<M> {
  const o = loaderOptions(`${kind.name}.from_config`, options, LOAD);
  expectConfig(config.to_dict(), 'config');
  setAttention(config, implementationOf(o));
  const shapes = await parametersOf(kind.trace(config), EVERYTHING);
  return kind.make(config, await freshRuntime(shapes, o));
}

function implementationOf(o: LoadOptions): AttentionImplementation | null {
  const name = o.attn_implementation ?? null;
  if (name !== null && !['eager', 'sdpa', 'flash_attention_2'].includes(name))
    throw new RangeError(
      `Specified \`attn_implementation="${name}"\` is not supported. The only possible arguments are \`attn_implementation="eager"\`, \`"attn_implementation=flash_attention_2"\`, \`"attn_implementation=sdpa"\`.`,
    );
  return name;
}
