// Finds which mistakes explain a tower's numbers: at the first tensor that differs, then carries the explanation on
// and looks for the next. Where nothing explains it, their tensor takes the place of ours and the search goes on.
import type { Mistake, Numbers, Tower } from '../catalogue/mistake.ts';
import { interpolates } from '../reference/pixels.ts';
import { keyOf, type Reference, type Run } from '../reference/reference.ts';
import type { Inputs, Subject } from '../reference/subject.ts';
import { explained, power, squaredError } from './compare.ts';

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
  readonly tensors: ReadonlyMap<string, Numbers>;
  /** Of each tensor: whether it was computed in float64. */
  readonly exact: (key: string) => boolean;
}

/** An error is one if it is so many times what rounding does. */
const BEYOND = 6;
/**
 * And relative to the magnitude, since in a few numbers our own rounding may be small by chance: four units in the last
 * place of float32, little in float64. And float32 has no smaller number than `tiny`.
 */
const LEAST = { single: 2 ** -21, exact: 1e-13, tiny: 2 ** -149 };
/** What a mistake must explain to be named. */
export const ENOUGH = 0.9;

/** The squared error up to which a tensor is right. */
export const limitOf = (expected: Numbers, noise: number, exact: boolean): number =>
  BEYOND ** 2 * noise +
  power(expected) * (exact ? LEAST.exact : LEAST.single) ** 2 +
  expected.data.length * (exact ? 0 : LEAST.tiny) ** 2;

export const rms = (squared: number, { data }: Numbers): number =>
  Math.sqrt(squared / Math.max(1, data.length));

export async function searchTower(
  ours: Reference,
  tower: Tower,
  theirs: Theirs,
  candidates: readonly Mistake[],
): Promise<TowerResult> {
  const divergences: Divergence[] = [];
  const forced = new Map<string, Numbers>();
  let mistakes: Mistake[] = [];
  const settled = new Set<string>();
  for (let round = 0; ; round++) {
    const reference = await ours.tower(tower, { mistakes, forced });
    const noise = await noiseOf(ours, tower, mistakes, forced, reference);
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
    const place: At = { ours, tower, theirs, forced, at, noise, reference, right };
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
  readonly ours: Reference;
  readonly tower: Tower;
  readonly theirs: Theirs;
  readonly forced: ReadonlyMap<string, Numbers>;
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
  const rightAt = new Map(p.right.map((key) => [moduleOf(key), key]));
  const trial = async (mistakes: readonly Mistake[]): Promise<Suspect> => {
    const { ours, tower, forced } = p;
    const all = [...before, ...mistakes];
    const name = `${tower} ${keyOf(before)} then ${keyOf(mistakes)}`;
    const refuses = (path: string, x: Numbers): boolean => {
      const key = rightAt.get(path);
      if (key === undefined) return false;
      const far = squaredError(p.theirs.tensors.get(key)!, x);
      if (far <= 2 * limitAt(p, key, p.theirs.exact(key))) return false;
      // So far from the reference that it is far from any dump that is right there.
      const changes = squaredError(p.reference.get(key)!, x) > 8 * limitAt(p, key, false);
      if (changes && forced.size === 0) ours.changes.set(name, path);
      return true;
    };
    let after = Infinity;
    const contradicted = forced.size === 0 && rightAt.has(ours.changes.get(name) ?? '');
    if (!contradicted) {
      const o = { mistakes: all, until: moduleOf(p.at), forced, refuses };
      const found = (await ours.tower(tower, o)).get(p.at);
      if (found) after = squaredError(theirs, found);
    }
    return { mistakes, after, explains: explained(error, after, noise, power(theirs)) };
  };
  const usable = candidates.filter((m) => !before.includes(m) && applies(m, p));
  const suspects: Suspect[] = [];
  for (const m of usable) suspects.push(await trial([m]));
  suspects.sort((a, b) => a.after - b.after);
  const best = suspects[0];
  if (best && best.explains < ENOUGH && best.explains > HOPE && !p.at.endsWith('_ids')) {
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

const limitAt = ({ reference, noise }: At, key: string, exact: boolean): number =>
  limitOf(reference.get(key)!, noise(key), exact);

/** Of two mistakes one explains at least so much by itself, unless they cancel out. */
const HOPE = 0.1;

/** Where no single mistake explains it, so many of the best are tried together with each other one. */
const PARTNERS = 3;

/** The best and those that do as well to within rounding; none if the best does not explain enough. */
export function equals(suspects: readonly Suspect[], noise: number): Suspect[] {
  const best = suspects[0];
  if (!best || best.explains < ENOUGH) return [];
  // eslint-disable-next-line house/no-spread-list -- of the catalogue
  const fewest = Math.min(
    ...suspects.filter((s) => s.after <= best.after + noise).map((s) => s.mistakes.length),
  );
  return suspects.filter((s) => s.after <= best.after + noise && s.mistakes.length === fewest);
}

/** Whether the model and its inputs have the place where it is made. */
export const possible = (m: Mistake, { labels }: Subject, { pictures }: Inputs): boolean =>
  (!m.resize || pictures !== undefined) && (!m.classifier || labels !== null);

/** Whether it can change anything here. */
function applies(m: Mistake, { ours: { subject, inputs }, tower, reference }: At): boolean {
  if (!m.towers.includes(tower) || !possible(m, subject, inputs)) return false;
  const pixels = reference.get('pixel_values');
  return !m.interpolated || (pixels !== undefined && interpolates(subject.vision!, pixels));
}

/** Squared error of our own float32 run, of half precision where that is a mistake already made. */
async function noiseOf(
  ours: Reference,
  tower: Tower,
  mistakes: readonly Mistake[],
  forced: ReadonlyMap<string, Numbers>,
  reference: Run,
): Promise<(key: string) => number> {
  const others = mistakes.filter((m) => !m.dtype);
  const half = others.length < mistakes.length;
  const o = { mistakes: others, forced, dtype: half ? ('float64' as const) : ('float32' as const) };
  const run = await ours.tower(tower, o);
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
