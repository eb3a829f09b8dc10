// Finds which mistakes explain embeddings, logits or scores, where the towers themselves were not seen: every mistake
// is run end to end, then every pair of one in each place.
import type { Mistake, Numbers, Tower } from '../catalogue/mistake.ts';
import type { Reference, Run } from '../reference/reference.ts';
import type { Inputs, Subject } from '../reference/subject.ts';
import { explained, power, squaredError } from './compare.ts';
import {
  type Divergence,
  ENOUGH,
  equals,
  limitOf,
  possible,
  rms,
  type Suspect,
  type Theirs,
} from './towers.ts';

const ORDER = ['image_embeds', 'text_embeds', 'logits_per_image', 'logits_per_text', 'scores'];

/** Mistakes by where they are made. */
type Made = Readonly<Record<Tower | 'output', readonly Mistake[]>>;

export interface OutputResult {
  readonly divergences: readonly Divergence[];
  readonly compared: number;
  readonly worst: number;
}

/** `known`: what the towers' own search found. `seen`: whether a tower's pooled vectors were compared there. */
export async function searchOutputs(
  ours: Reference,
  theirs: Theirs,
  candidates: readonly Mistake[],
  known: Readonly<Record<Tower, readonly Mistake[]>>,
  seen: Readonly<Record<Tower, boolean>>,
): Promise<OutputResult> {
  const keys = ORDER.filter((key) => theirs.tensors.has(key));
  const divergences: Divergence[] = [];
  let made: Made = { ...known, output: [] };
  const settled = new Set<string>();
  const runner = outputRunner(ours);
  const bias = await biasOf(ours.subject);
  for (;;) {
    const reference = await runner(made);
    const single = await runner(made, 'float32');
    let worst = 0;
    const at = keys.find((key) => {
      if (settled.has(key) || !reference.has(key)) return false;
      const [x, y] = [theirs.tensors.get(key)!, reference.get(key)!];
      const error = squaredError(x, y);
      const noise = squaredError(single.get(key)!, y);
      const right = error <= limitOf(summands(key, y, bias), noise, theirs.exact(key));
      if (right) worst = Math.max(worst, Math.sqrt(error / (power(y) || 1)));
      return !right;
    });
    if (at === undefined) return { divergences, compared: keys.length, worst };
    const y = reference.get(at)!;
    const noise = squaredError(single.get(at)!, y);
    const places = (['vision', 'text', 'output'] as const).filter((place) =>
      place === 'output' ? true : !seen[place] && concerns(at, place),
    );
    const limit = limitOf(summands(at, y, bias), noise, theirs.exact(at));
    const found = await explain({ runner, theirs, at, y, noise, limit, places }, made, candidates);
    divergences.push(found.divergence);
    if (found.made) made = found.made;
    else settled.add(at);
    if (divergences.length > 5) return { divergences, compared: keys.length, worst };
  }
}

const biasOf = async ({ checkpoint }: Subject): Promise<number> =>
  checkpoint.shapes.has('logit_bias')
    ? (await checkpoint.read('logit_bias', 0, 1, 'float64'))[0]!
    : 0;

/**
 * The magnitudes that rounding goes by. A logit is a sum with the bias, which may cancel: what counts is the larger of
 * it and what the bias was added to; in a score, that times its slope p (1 - p).
 */
function summands(key: string, y: Numbers, bias: number): Numbers {
  if (key.endsWith('_embeds')) return y;
  const larger = (l: number) => Math.max(Math.abs(l), Math.abs(l - bias));
  const ofScore = (p: number) => Math.max(p, p * (1 - p) * larger(Math.log(p / (1 - p))) || 0);
  return { ...y, data: y.data.map(key === 'scores' ? ofScore : larger) };
}

interface At {
  readonly runner: ReturnType<typeof outputRunner>;
  readonly theirs: Theirs;
  readonly at: string;
  /** The right numbers, the squared error that rounding makes in them, and the one up to which they are right. */
  readonly y: Numbers;
  readonly noise: number;
  readonly limit: number;
  readonly places: readonly (Tower | 'output')[];
}

async function explain(
  { runner, theirs, at, y, noise, limit, places }: At,
  made: Made,
  candidates: readonly Mistake[],
): Promise<{ divergence: Divergence; made: Made | undefined }> {
  const x = theirs.tensors.get(at)!;
  const error = squaredError(x, y);
  let tried: { made: Made; suspect: Suspect }[] = [];
  const trial = async ({ vision = [], text = [], output = [] }: Partial<Made>) => {
    const all: Made = {
      vision: [...made.vision, ...vision],
      text: [...made.text, ...text],
      output: [...made.output, ...output],
    };
    const z = (await runner(all)).get(at);
    const after = z ? squaredError(x, z) : Infinity;
    const mistakes = [...new Set([...vision, ...text, ...output])];
    const explains = explained(error, after, noise, power(x));
    tried.push({ made: all, suspect: { mistakes, after, explains } });
  };
  const sorted = () => tried.map((t) => t.suspect).sort((a, b) => a.after - b.after);
  await singles(trial, places, candidates, made);
  const [alone] = sorted();
  const few = tried;
  const enough = (alone?.explains ?? 0) >= ENOUGH;
  if (!enough || alone!.after > limit) {
    tried = [...few];
    await pairs(trial, places, candidates, made);
    if (enough && sorted()[0]!.after > CHANCE * alone!.after) tried = few;
  }
  const suspects = sorted();
  const accepted = equals(suspects, noise + power(x) * 1e-16);
  return {
    divergence: { at, error: rms(error, x), magnitude: rms(power(y), y), suspects, accepted },
    made: tried.find((t) => t.suspect === accepted[0])?.made,
  };
}

/** Of hundreds of pairs one is a little better than the right mistake alone, by chance: it must be far better. */
const CHANCE = 0.01;

/** Whether a tower has to do with an output. */
const concerns = (key: string, tower: Tower): boolean =>
  tower === 'vision' ? key !== 'text_embeds' : key !== 'image_embeds';

type Trial = (added: Partial<Made>) => Promise<void>;

async function singles(
  trial: Trial,
  places: readonly (Tower | 'output')[],
  candidates: readonly Mistake[],
  made: Made,
): Promise<void> {
  for (const m of candidates) {
    const towers = m.towers.filter((t) => places.includes(t) && !made[t].includes(m));
    if (towers.length === 2) await trial({ vision: [m], text: [m] });
    for (const t of towers) await trial({ [t]: [m] });
    if (m.stage === 'output' && !made.output.includes(m)) await trial({ output: [m] });
  }
}

async function pairs(
  trial: Trial,
  places: readonly (Tower | 'output')[],
  candidates: readonly Mistake[],
  made: Made,
): Promise<void> {
  const of = (place: Tower | 'output') =>
    places.includes(place)
      ? candidates.filter(
          (m) =>
            (place === 'output' ? m.stage === 'output' : m.towers.includes(place)) &&
            !made[place].includes(m),
        )
      : [];
  for (const v of of('vision')) for (const t of of('text')) await trial({ vision: [v], text: [t] });
  for (const o of of('output')) {
    for (const v of of('vision')) await trial({ vision: [v], output: [o] });
    for (const t of of('text')) await trial({ text: [t], output: [o] });
    const both = of('vision').filter((m) => of('text').includes(m));
    for (const m of both) await trial({ vision: [m], text: [m], output: [o] });
  }
}

function outputRunner({ subject, inputs, pooled, outputs }: Reference) {
  return async (made: Made, dtype: 'float32' | 'float64' = 'float64'): Promise<Run> => {
    const own = (tower: Tower) => made[tower].filter((m) => usable(m, subject, inputs));
    const image = await pooled('vision', own('vision'), dtype);
    const text = await pooled('text', own('text'), dtype);
    if (!image && !text) return new Map();
    // Half precision in a tower is half precision behind it.
    const half = [...made.vision, ...made.text].filter((m) => m.dtype);
    const later = [...made.output, ...new Set(half)];
    const fields = await outputs(image ?? text!, text ?? image!, later);
    if (image && text) return fields;
    const only = image ? 'image_embeds' : 'text_embeds';
    return new Map([[only, fields.get(only)!]]);
  };
}

const usable = (m: Mistake, subject: Subject, inputs: Inputs): boolean =>
  possible(m, subject, inputs) && (!m.interpolated || sized(subject, inputs));

function sized({ vision }: Subject, { pixel_values }: Inputs): boolean {
  const side = pixel_values?.shape[2] ?? vision?.image_size;
  return side !== vision?.image_size || pixel_values?.shape[3] !== vision?.image_size;
}
