// Runs the reference, tower by tower, with any mistakes in it. Gives what every module gives under HF's names.
// In float64 unless a mistake or the caller says otherwise: slow and exact.
import { cpu } from '@siglip-ts/backend-cpu';
import {
  type Backend,
  type DType,
  fromCheckpoint,
  imageClassification,
  isHalf,
  type Listener,
  type Parameters,
  Scope,
  SiglipTextConfig,
  SiglipVisionConfig,
  size,
  Tensor,
  textTransformer,
  visionTransformer,
} from '@siglip-ts/core';
import type { Mistake, Numbers, Place, Tower, TowerConfig } from '../catalogue/mistake.ts';
import { backendFor, hosted } from './backends.ts';
import { outputsOf, type RunOutputs } from './outputs.ts';
import { interpolates, pixelValues, type Resized } from './pixels.ts';
import { type Reusing, reusing } from './reuse.ts';
import type { Inputs, Subject } from './subject.ts';
import { idValues, tokensOf } from './tokens.ts';

/** What a tower gave, in the order of computation. */
export type Run = ReadonlyMap<string, Numbers>;

export interface RunOptions {
  readonly mistakes: readonly Mistake[];
  /** float32 to learn how much rounding does. */
  readonly dtype?: DType;
  /** Nothing after this is computed, and nothing else given. */
  readonly until?: string;
  /** Tensors that take the place of what was computed. */
  readonly forced?: ReadonlyMap<string, Numbers>;
  /** Hears of every tensor before `until`; true ends the run, which then gives nothing. */
  readonly refuses?: (path: string, x: Numbers) => boolean;
}

/** A model on given inputs. What one run computed serves the next. */
export interface Reference {
  readonly subject: Subject;
  readonly inputs: Inputs;
  tower(tower: Tower, o: RunOptions): Promise<Run>;
  /** What the tower pools; undefined if it has no inputs. */
  pooled(
    tower: Tower,
    mistakes: readonly Mistake[],
    dtype: 'float32' | 'float64',
  ): Promise<Numbers | undefined>;
  /** HF's output fields of two pooled vectors. */
  readonly outputs: RunOutputs;
  /** By mistakes: a module that they change, for sure. So where a dump is right there, they were not made. */
  readonly changes: Map<string, string>;
}

/** Names mistakes, and the variants of each. */
export const keyOf = (mistakes: readonly Mistake[]): string =>
  mistakes.map((m) => m.name + m.who).join('|');

export function referenceOf(subject: Subject, inputs: Inputs): Reference {
  const engine = engineOf(subject);
  const resized: Resized = new Map();
  const whole = new Map<string, Promise<Run>>();
  const vectors = new Map<string, Promise<Numbers | undefined>>();
  let last: Promise<unknown> = Promise.resolve();
  const queued = (name: Tower, o: RunOptions): Promise<Run> => {
    const turn = last.then(() => run({ subject, inputs, name, engine, resized, o }));
    last = turn.catch(() => {});
    return turn;
  };
  const tower = (name: Tower, o: RunOptions): Promise<Run> => {
    const right = o.mistakes.length === 0 && !o.forced?.size && o.until === undefined;
    return right ? once(whole, `${name} ${o.dtype}`, () => queued(name, o)) : queued(name, o);
  };
  return {
    subject,
    inputs,
    tower,
    outputs: outputsOf(subject),
    changes: new Map(),
    pooled: (name, mistakes, dtype) =>
      once(vectors, `${name} ${dtype} ${keyOf(mistakes)}`, async () => {
        if (!given(subject, inputs, name)) return undefined;
        const until = `${name}_model.head`;
        const found = await tower(name, { mistakes, dtype, until });
        return found.get(until);
      }),
  };
}

interface Known<K, T> {
  get(key: K): T | undefined;
  set(key: K, x: T): unknown;
}
function once<K, T>(known: Known<K, T>, key: K, make: () => T): T {
  const x = known.get(key) ?? make();
  known.set(key, x);
  return x;
}

/** Whether a tower can run. */
export function given(subject: Subject, inputs: Inputs, tower: Tower): boolean {
  return tower === 'vision'
    ? subject.vision !== null && (inputs.pictures ?? inputs.pixel_values) !== undefined
    : subject.text !== null && (inputs.input_ids ?? (subject.tokenizer && inputs.texts)) != null;
}

/** Where a run computes, and with what parameters. */
interface Engine {
  readonly b: Backend;
  readonly store: Parameters;
  readonly run: Reusing['run'];
}

/** The engine for a run: runs of one precision share what they have in common. */
function engineOf(subject: Subject): (dtype: DType, mistakes: readonly Mistake[]) => Engine {
  const shared = new Map<DType, Engine>();
  const engine = (dtype: DType): Engine => {
    const { backend: b, run } = isHalf(dtype)
      ? { backend: backendFor(dtype), run: ((_, block) => block()) as Reusing['run'] }
      : reusing(cpu());
    return { b, run, store: fromCheckpoint(b, subject.checkpoint, dtype) };
  };
  return (dtype, mistakes) => {
    const usual = shared.get(dtype) ?? engine(dtype);
    if (!isHalf(dtype)) shared.set(dtype, usual);
    let { checkpoint } = subject;
    for (const m of mistakes) checkpoint = m.checkpoint?.(checkpoint) ?? checkpoint;
    if (checkpoint === subject.checkpoint) return usual;
    return { ...usual, store: fromCheckpoint(usual.b, checkpoint, dtype) };
  };
}

interface Job {
  readonly subject: Subject;
  readonly inputs: Inputs;
  readonly name: Tower;
  readonly engine: ReturnType<typeof engineOf>;
  readonly resized: Resized;
  readonly o: RunOptions;
}

function run(job: Job): Promise<Run> {
  const { subject, name, o } = job;
  const dtype = o.mistakes.find((m) => m.dtype)?.dtype ?? o.dtype ?? 'float64';
  const { b, store, run: within } = job.engine(dtype, o.mistakes);
  const config = configOf(subject, name, o.mistakes);
  return within(o.until === undefined, async () => {
    const hearing = new Hearing(o);
    try {
      const tokens =
        name === 'text'
          ? tokensOf(subject, job.inputs, o.mistakes, o.forced?.get('input_ids'))
          : null;
      const params = await needed(store, subject, o.mistakes);
      const place: Place = {
        config,
        tokens,
        outputOf: (path) => hearing.tensors.get(path)!,
        param: (key) => params.get(key)!,
      };
      const scope = new Scope(store, '', { listener: hearing.listener(place) });
      if (tokens) await runText(scope, b, place, job, hearing);
      else await runVision(scope, b, dtype, place, job, hearing);
    } catch (error) {
      if (error !== ENOUGH) throw error;
    }
    return withFields(await hearing.found(), name, config.num_hidden_layers);
  });
}

/** Thrown once a run has all that it needs. */
const ENOUGH = new Error('all there is to know');

/** What a run gives, as it comes. */
class Hearing {
  readonly tensors = new Map<string, Tensor>();
  private readonly inputs = new Map<string, Numbers>();
  private readonly o: RunOptions;
  private readonly checks: Promise<void>[] = [];
  private refused = false;

  constructor(o: RunOptions) {
    this.o = o;
  }

  /** An input of the model. */
  input(key: string, x: Numbers): void {
    this.inputs.set(key, x);
    if (key !== this.o.until) this.refused ||= this.o.refuses?.(key, x) ?? false;
    if (this.refused || key === this.o.until) throw ENOUGH;
  }

  listener(place: Place): Listener {
    const { mistakes, forced, until, refuses } = this.o;
    return {
      tap: (path, x) => {
        // Numbers come a moment later: a run that is refused ends with its layer.
        if (this.refused) throw ENOUGH;
        let y = x;
        for (const m of mistakes) y = m.replaces?.(path, y, place) ?? y;
        const other = forced?.get(path);
        if (other && other.data.length === size(y.shape))
          y = Tensor.from(y.backend, other.data, y.shape, y.dtype);
        this.tensors.set(path, y);
        if (path === until) throw ENOUGH;
        if (refuses)
          this.checks.push(
            hosted(y).then((values) => void (this.refused ||= refuses(path, values))),
          );
        for (const m of mistakes) y = m.corrupts?.(path, y, place) ?? y;
        return y;
      },
    };
  }

  async found(): Promise<Map<string, Numbers>> {
    await Promise.all(this.checks);
    if (this.refused) return new Map();
    const { until } = this.o;
    const all = new Map(this.inputs);
    for (const [path, x] of this.tensors)
      if (until === undefined || path === until) all.set(path, await hosted(x));
    return all;
  }
}

async function needed(store: Parameters, { checkpoint }: Subject, mistakes: readonly Mistake[]) {
  const params = new Map<string, Tensor>();
  for (const key of mistakes.flatMap((m) => m.needs ?? [])) {
    const shape = checkpoint.shapes.get(key);
    if (!shape) continue;
    await store.load((wanted) => wanted === key);
    params.set(key, store.param(key, null));
  }
  return params;
}

async function runText(
  s: Scope,
  b: Backend,
  { tokens, config }: Place,
  { inputs, o }: Job,
  hearing: Hearing,
): Promise<void> {
  const { ids } = tokens!;
  hearing.input('input_ids', idValues(ids));
  const mask = o.mistakes.find((m) => m.mask)?.mask?.(tokens!) ?? inputs.attention_mask ?? null;
  const ones = { data: new Int32Array(ids.data.length).fill(1), shape: ids.shape };
  hearing.input('attention_mask', idValues(mask ?? ones));
  await textTransformer(s.at('text_model'), b, ids, config as SiglipTextConfig, {
    attention_mask: mask,
  });
}

async function runVision(
  s: Scope,
  b: Backend,
  dtype: DType,
  { config }: Place,
  { subject, inputs, resized, o }: Job,
  hearing: Hearing,
): Promise<void> {
  const c = config as SiglipVisionConfig;
  const pixels = o.forced?.get('pixel_values') ?? pixelValues(subject, inputs, o.mistakes, resized);
  hearing.input('pixel_values', pixels);
  const x = Tensor.from(b, pixels.data, pixels.shape, dtype);
  const how = { interpolate_pos_encoding: interpolates(c, pixels) };
  if (subject.labels !== null) await imageClassification(s, x, c, subject.labels, how);
  else await visionTransformer(s.at('vision_model'), x, c, how);
}

function configOf(subject: Subject, tower: Tower, mistakes: readonly Mistake[]): TowerConfig {
  const changed = mistakes.filter((m) => m.config);
  const known = once(configs, subject, () => new Map<string, TowerConfig>());
  return once(known, `${tower} ${keyOf(changed)}`, () => {
    const [Config, config] =
      tower === 'vision'
        ? ([SiglipVisionConfig, subject.vision!] as const)
        : ([SiglipTextConfig, subject.text!] as const);
    const changes = Object.assign({}, ...changed.map((m) => m.config)) as object;
    return Config.from_dict({ ...config.to_dict() }, { ...changes, _attn_implementation: 'sdpa' });
  });
}
const configs = new WeakMap<Subject, Map<string, TowerConfig>>();

/** The run with HF's output fields, each behind the module that it is the output of. */
function withFields(run: ReadonlyMap<string, Numbers>, tower: Tower, layers: number): Run {
  const model = `${tower}_model`;
  const prefix = `${model}_output.`;
  const fields = new Map([
    [`${model}.embeddings`, 'hidden_states.0'],
    [model, 'last_hidden_state'],
    [`${model}.head`, 'pooler_output'],
  ]);
  for (let i = 0; i < layers; i++)
    fields.set(`${model}.encoder.layers.${i}`, `hidden_states.${i + 1}`);
  const all = new Map<string, Numbers>();
  for (const [path, x] of run) {
    all.set(path, x);
    const field = fields.get(path);
    if (field !== undefined) all.set(prefix + field, x);
    if (path === 'classifier') all.set('logits', x);
  }
  return all;
}
