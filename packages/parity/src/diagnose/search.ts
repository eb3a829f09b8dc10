// Finds which mistakes explain a tower's numbers: at the first tensor that differs, then carries the explanation on
// and looks for the next. Where nothing explains it, their tensor takes the place of ours and the search goes on.
import { explained, power, squaredError } from './compare.ts';
import type { Mistake, Tower, Values } from './mistake.ts';
import { interpolates, runTower, type Run } from './reference.ts';
import type { Inputs, Subject } from './subject.ts';

/** How a set of mistakes does at the first tensor that differs. */
export interface Suspect {
  readonly mistakes: readonly Mistake[];
  readonly explains: number;
  /** Squared error that is left. */
  readonly after: number;
}

/** One tensor that differs, and what was tried. */
export interface Divergence {
  readonly at: string;
  /** Root of the mean squared error, and of the mean square of the right numbers. */
  readonly error: number;
  readonly magnitude: number;
  /** Best first. */
  readonly suspects: readonly Suspect[];
  /** Those that explain it equally well; empty if none does. */
  readonly accepted: readonly Suspect[];
}

export interface TowerResult {
  readonly divergences: readonly Divergence[];
  /** What is known to be wrong. */
  readonly mistakes: readonly Mistake[];
  readonly compared: number;
  /** The largest error of a tensor that counts as right, relative. */
  readonly worst: number;
}

export interface Theirs {
  readonly tensors: ReadonlyMap<string, Values>;
  /** Of each tensor: whether it was computed in float64. */
  readonly exact: (key: string) => boolean;
}

/** An error is one if it is so many times what rounding does. */
const BEYOND = 6;
/** And relative to the magnitude, for tensors without rounding. */
const LEAST = { single: 1e-7, exact: 1e-13 };
/** What a mistake must explain to be named. */
export const ENOUGH = 0.9;

/** The squared error up to which a tensor is right. */
export const limitOf = (expected: Values, noise: number, exact: boolean): number =>
  BEYOND ** 2 * noise + power(expected) * (exact ? LEAST.exact : LEAST.single) ** 2;

export const rms = (squared: number, { data }: Values): number =>
  Math.sqrt(squared / Math.max(1, data.length));

export async function searchTower(
  subject: Subject,
  inputs: Inputs,
  tower: Tower,
  theirs: Theirs,
  candidates: readonly Mistake[],
): Promise<TowerResult> {
  const divergences: Divergence[] = [];
  const forced = new Map<string, Values>();
  let mistakes: Mistake[] = [];
  const settled = new Set<string>();
  for (let round = 0; ; round++) {
    const reference = await runTower(subject, inputs, tower, { mistakes, forced });
    const noise = await noiseOf(subject, inputs, tower, mistakes, forced, reference);
    const keys = [...reference.keys()].filter((key) => theirs.tensors.has(key));
    let worst = 0;
    const at = keys.find((key) => {
      if (settled.has(key)) return false;
      const [x, y] = [theirs.tensors.get(key)!, reference.get(key)!];
      const error = squaredError(x, y);
      const right = error <= limitOf(y, noise(key), theirs.exact(key));
      if (right) worst = Math.max(worst, Math.sqrt(error / (power(y) || 1)));
      return !right;
    });
    if (at === undefined || round === MOST)
      return { divergences, mistakes, compared: keys.length, worst };
    const right = keys.slice(0, keys.indexOf(at)).filter((key) => !settled.has(key));
    const place: At = { subject, inputs, tower, theirs, forced, at, noise, reference, right };
    const found = await explain(place, mistakes, candidates);
    divergences.push(found);
    if (found.accepted.length > 0) mistakes = [...mistakes, ...found.accepted[0]!.mistakes];
    else {
      forced.set(at, theirs.tensors.get(at)!);
      settled.add(at);
    }
  }
}

/** Rounds: more different mistakes than this are not looked for. */
const MOST = 8;

interface At {
  readonly subject: Subject;
  readonly inputs: Inputs;
  readonly tower: Tower;
  readonly theirs: Theirs;
  readonly forced: ReadonlyMap<string, Values>;
  readonly at: string;
  readonly noise: (key: string) => number;
  readonly reference: Run;
  /** What comes before it and agrees: a mistake that changes those is not the one. */
  readonly right: readonly string[];
}

async function explain(
  p: At,
  before: readonly Mistake[],
  candidates: readonly Mistake[],
): Promise<Divergence> {
  const theirs = p.theirs.tensors.get(p.at)!;
  const right = p.reference.get(p.at)!;
  const error = squaredError(theirs, right);
  const noise = p.noise(p.at);
  const trial = async (mistakes: readonly Mistake[]): Promise<Suspect> => {
    const { subject, inputs, tower, forced, at: until } = p;
    const o = { mistakes: [...before, ...mistakes], until: moduleOf(until), forced };
    const run = await runTower(subject, inputs, tower, o);
    const contradicted = p.right.some((key) => differs(p, key, run.get(key)!, 2));
    const after = contradicted ? Infinity : squaredError(theirs, run.get(until)!);
    return { mistakes, after, explains: explained(error, after, noise, power(theirs)) };
  };
  const usable = candidates.filter((m) => !before.includes(m) && applies(m, p));
  const suspects: Suspect[] = [];
  for (const m of usable) suspects.push(await trial([m]));
  suspects.sort((a, b) => a.after - b.after);
  const best = suspects[0];
  if (best && best.explains < ENOUGH && !p.at.endsWith('_ids')) {
    for (const first of suspects.slice(0, PARTNERS))
      for (const m of usable)
        if (!first.mistakes.includes(m)) suspects.push(await trial([...first.mistakes, m]));
    suspects.sort((a, b) => a.after - b.after);
  }
  return {
    at: p.at,
    error: rms(error, theirs),
    magnitude: rms(power(right), right),
    suspects,
    accepted: equals(suspects, noise + power(theirs) * 1e-16),
  };
}

const differs = ({ theirs, noise }: At, key: string, y: Values, times: number): boolean =>
  squaredError(theirs.tensors.get(key)!, y) > times * limitOf(y, noise(key), theirs.exact(key));

/** Where no single mistake explains it, so many of the best are tried together with each other one. */
const PARTNERS = 3;

/** The best and those that do as well to within rounding; none if the best does not explain enough. */
export function equals(suspects: readonly Suspect[], noise: number): Suspect[] {
  const best = suspects[0];
  if (!best || best.explains < ENOUGH) return [];
  const fewest = Math.min(
    ...suspects.filter((s) => s.after <= best.after + noise).map((s) => s.mistakes.length),
  );
  return suspects.filter((s) => s.after <= best.after + noise && s.mistakes.length === fewest);
}

/** Whether it can change anything here. */
function applies(m: Mistake, { subject, inputs, tower, reference }: At): boolean {
  if (!m.towers.includes(tower)) return false;
  if (m.resize && !inputs.pictures) return false;
  if (m.name === 'classification-skips-first-patch' && subject.labels === null) return false;
  const pixels = reference.get('pixel_values');
  return !m.interpolated || (pixels !== undefined && interpolates(subject.vision!, pixels));
}

/** Squared error of our own float32 run, of half precision where that is a mistake already made. */
async function noiseOf(
  subject: Subject,
  inputs: Inputs,
  tower: Tower,
  mistakes: readonly Mistake[],
  forced: ReadonlyMap<string, Values>,
  reference: Run,
): Promise<(key: string) => number> {
  const others = mistakes.filter((m) => !m.dtype);
  const half = others.length < mistakes.length;
  const o = { mistakes: others, forced, dtype: half ? ('float64' as const) : ('float32' as const) };
  const run = await runTower(subject, inputs, tower, o);
  return (key) => {
    const [x, y] = [run.get(key), reference.get(key)];
    return x && y ? squaredError(x, y) : 0;
  };
}

/** The module whose output an output field is. */
export function moduleOf(key: string): string {
  if (key === 'logits') return 'classifier';
  const [, tower, field] = /^(vision|text)_model_output\.(.*)$/.exec(key) ?? [];
  if (tower === undefined) return key;
  const model = `${tower}_model`;
  if (field === 'last_hidden_state') return model;
  if (field === 'pooler_output') return `${model}.head`;
  const i = Number(/^hidden_states\.(\d+)$/.exec(field!)?.[1] ?? 0);
  return i === 0 ? `${model}.embeddings` : `${model}.encoder.layers.${i - 1}`;
}
