// diagnose: which known mistakes explain a dump's numbers, best first; "none" if it is right, "unknown" if none does.
import type { Taps } from '../dump.ts';
import { CATALOGUE } from './catalogue/catalogue.ts';
import type { Mistake, Numbers, Tower } from './catalogue/mistake.ts';
import { given, type Reference, referenceOf } from './reference/reference.ts';
import type { Inputs, Subject } from './reference/subject.ts';
import { type OutputResult, searchOutputs } from './search/outputs.ts';
import { type Divergence, ENOUGH, searchTower, type Theirs } from './search/towers.ts';

export interface Verdict {
  readonly mistake: string;
  /** 0 to 1: the part of the squared error that is gone with this mistake in the reference. */
  readonly explains: number;
  readonly evidence: string;
}

/** Throws RangeError if the dump has no tensor that the model has too. */
export const diagnose = (
  subject: Subject,
  inputs: Inputs,
  dump: Taps,
  catalogue?: readonly Mistake[],
): Promise<Verdict[]> => diagnosis(subject, inputs, catalogue)(dump);

/** diagnose for several dumps of the same inputs: what the reference computed for one serves the next. */
export function diagnosis(
  subject: Subject,
  inputs: Inputs,
  catalogue: readonly Mistake[] = CATALOGUE,
): (dump: Taps) => Promise<Verdict[]> {
  const usual = referenceOf(subject, inputs);
  return async (dump) => {
    const all = withTheirs(inputs, dump);
    return judged(all === inputs ? usual : referenceOf(subject, all), dump, catalogue);
  };
}

/** A dump against a reference of the same inputs. */
export async function judged(
  ours: Reference,
  dump: Taps,
  catalogue: readonly Mistake[] = CATALOGUE,
): Promise<Verdict[]> {
  const theirs = theirsOf(dump);
  const { subject, inputs } = ours;
  const divergences: Divergence[] = [];
  const known: Record<Tower, readonly Mistake[]> = { vision: [], text: [] };
  const seen: Record<Tower, boolean> = { vision: false, text: false };
  let [compared, worst] = [0, 0];
  const add = (found: OutputResult): void => {
    for (const divergence of found.divergences) divergences.push(divergence);
    compared += found.compared;
    worst = Math.max(worst, found.worst);
  };
  const towers = (['vision', 'text'] as const).filter((t) => given(subject, inputs, t));
  for (const tower of towers) {
    const found = await searchTower(ours, tower, theirs, catalogue);
    known[tower] = found.mistakes;
    add(found);
    seen[tower] =
      theirs.tensors.has(`${tower}_model.head`) ||
      theirs.tensors.has(`${tower}_model_output.pooler_output`);
  }
  if (subject.labels === null && towers.length > 0)
    add(await searchOutputs(ours, theirs, catalogue, known, seen));
  if (compared === 0)
    throw new RangeError(
      `dump: none of its ${theirs.tensors.size} tensors is one of the model's, expected HF's module paths or output fields`,
    );
  if (divergences.length === 0) return [none(compared, worst)];
  return ranked(divergences);
}

const none = (compared: number, worst: number): Verdict => ({
  mistake: 'none',
  explains: 1,
  evidence: `${compared} tensors agree to within rounding; the largest error is ${short(worst)} of its tensor`,
});

const short = (x: number): string => x.toExponential(1);

/** Named mistakes in the order of the data, unknown divergences before them, what was only considered after. */
function ranked(divergences: readonly Divergence[]): Verdict[] {
  const verdicts = new Map<string, Verdict>();
  const add = (v: Verdict) => {
    if ((verdicts.get(v.mistake)?.explains ?? -1) < v.explains) verdicts.set(v.mistake, v);
  };
  const first = divergences[0]!;
  const unknown = divergences.find((d) => d.accepted.length === 0);
  const named = divergences.flatMap((d) => d.accepted.map((s) => ({ d, s })));
  for (const { d, s } of named)
    for (const m of s.mistakes)
      add({ mistake: m.name, explains: s.explains, evidence: because(d, s, m) });
  if (unknown) {
    const best = unknown.suspects[0];
    const nearest = best ? best.mistakes.map((m) => m.name).join(' with ') : 'nothing';
    add({
      mistake: 'unknown',
      explains: 1 - Math.min(1, best?.explains ?? 0),
      evidence:
        `${where(unknown)}; no known mistake explains it, the nearest is ${nearest} ` +
        `with ${percent(best?.explains ?? 0)}`,
    });
  }
  const considered = new Map<string, Verdict>();
  for (const s of first.suspects) {
    const [m] = s.mistakes;
    if (s.mistakes.length > 1 || verdicts.has(m!.name) || s.explains < 0.01) continue;
    const verdict = { mistake: m!.name, explains: s.explains, evidence: because(first, s, m!) };
    if ((considered.get(m!.name)?.explains ?? -1) < s.explains) considered.set(m!.name, verdict);
  }
  const least = (v: Verdict) => ({ ...v, explains: Math.min(v.explains, ENOUGH) });
  const rest = [...considered.values()].map((v) => (unknown === first ? v : least(v)));
  const all = [...verdicts.values()];
  const order =
    unknown === first
      ? all.sort((a, b) => +(b.mistake === 'unknown') - +(a.mistake === 'unknown'))
      : all;
  return [...order, ...rest.sort((a, b) => b.explains - a.explains)];
}

const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;

const where = (d: Divergence): string =>
  `the first difference is at ${d.at}` +
  (Number.isFinite(d.error)
    ? `, ${short(d.error)} where the numbers are ${short(d.magnitude)}`
    : ', by its shape or by NaN');

function because(d: Divergence, s: Divergence['suspects'][number], m: Mistake): string {
  const twins = (d.accepted.includes(s) ? d.accepted : [])
    .filter((other) => other !== s)
    .flatMap((other) => other.mistakes.map((x) => x.name))
    .filter((name) => name !== m.name);
  const together = s.mistakes.filter((x) => x !== m).map((x) => x.name);
  return (
    `${where(d)}; with it in the reference ${percent(1 - s.explains)} of the squared error is left` +
    (together.length > 0 ? `, together with ${together.join(', ')}` : '') +
    (twins.length > 0 ? `; cannot be told from ${[...new Set(twins)].join(', ')} here` : '') +
    `. ${m.who}`
  );
}

function theirsOf({ taps }: Taps): Theirs {
  const tensors = new Map<string, Numbers>();
  for (const [key, { shape, data }] of taps)
    tensors.set(key, { shape, data: new Float64Array(data) });
  return { tensors, exact: (key) => /64/.test(taps.get(key)?.dtype ?? '') };
}

/** What was not given is taken from the dump itself, and then not judged. The same object if all was given. */
function withTheirs(given: Inputs, { taps }: Taps): Inputs {
  const pixels = (given.pictures ?? given.pixel_values) ? undefined : taps.get('pixel_values');
  const ids = (given.texts ?? given.input_ids) ? undefined : taps.get('input_ids');
  if (!pixels && !ids) return given;
  return {
    ...given,
    ...(pixels && {
      pixel_values: { shape: pixels.shape, data: new Float64Array(pixels.data) },
    }),
    ...(ids && { input_ids: { shape: ids.shape, data: Int32Array.from(ids.data) } }),
  };
}
