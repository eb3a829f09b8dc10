// What diagnose tells of each planted mistake, by model and by what the dump shows; and the README's table of it.
// Not a test itself.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CATALOGUE, mistakeNames } from '../../packages/parity/src/diagnose/catalogue/catalogue.ts';
import type { Mistake, Numbers } from '../../packages/parity/src/diagnose/catalogue/mistake.ts';
import { squaredError } from '../../packages/parity/src/diagnose/search/compare.ts';
import { limitOf } from '../../packages/parity/src/diagnose/search/towers.ts';
import { caseOf, dumpOf, type ModelName, planted, type View, VIEWS } from './planted.ts';

export interface Told {
  /** Whether the mistake changes any number that the dump has by more than rounding does. */
  readonly shows: boolean;
  /** What is named first. */
  readonly first: string;
}

export const views = Object.keys(VIEWS) as View[];
const known = new Map<string, Promise<Told | null>>();

/** null: the model gives none of the numbers that such a dump has. */
export function told(model: ModelName, m: Mistake | null, view: View): Promise<Told | null> {
  const key = `${model} ${m?.name} ${m?.who} ${view}`;
  if (!known.has(key)) known.set(key, measured(model, m, view));
  return known.get(key)!;
}

async function measured(model: ModelName, m: Mistake | null, view: View): Promise<Told | null> {
  const c = await caseOf(model, m ?? undefined);
  const wrong = await planted(c, m ? [m] : []);
  const dump = dumpOf(wrong, view);
  if (!dump) return null;
  const [right, exact] = [await planted(c, []), await planted(c, [], 'float64')];
  const keys = [...dump.taps.keys()];
  const shows = keys.some((key) => beyond(wrong.get(key)!, exact.get(key)!, right.get(key)!));
  return { shows, first: (await c.diagnose(dump))[0]!.mistake };
}

const beyond = (x: Numbers, exact: Numbers, single: Numbers): boolean =>
  squaredError(x, exact) > limitOf(exact, squaredError(single, exact), false);

/** Of a classifier's logits nothing comes after the last state: its norm left out is its norm left out. */
const SAME: Readonly<Record<string, string>> = {
  'classifier-3 hidden-state-before-norm logits': 'no-post-layernorm',
};

/** What has to be named first. */
export const expected = (model: ModelName, m: Mistake, view: View, { shows }: Told): string =>
  shows ? (SAME[`${model} ${m.name} ${view}`] ?? m.name) : 'none';

/** Whether every variant that shows is named first; null if none shows. */
async function named(model: ModelName, name: string, view: View): Promise<boolean | null> {
  const variants = CATALOGUE.filter((m) => m.name === name);
  const all = await Promise.all(variants.map((m) => told(model, m, view)));
  const visible = all.filter((x) => x?.shows);
  return visible.length === 0 ? null : visible.every((x) => x!.first === name);
}

/** A mistake's cell: on how many models it is named first, of those on which it shows. */
export async function countCell(models: readonly ModelName[], name: string, view: View) {
  const all = await Promise.all(models.map((model) => named(model, name, view)));
  const shown = all.filter((x) => x !== null);
  return shown.length === 0 ? '–' : `${shown.filter(Boolean).length} of ${shown.length}`;
}

/** A mistake's cell for one model: from which dumps it is named first, of those on which it shows. */
export async function listCell(model: ModelName, name: string): Promise<string> {
  const from = [];
  for (const view of views) {
    const ok = await named(model, name, view);
    if (ok !== null) from.push(ok ? view : `not ${view}`);
  }
  return from.join(', ') || '–';
}

/** The README's table: cells by mistake. */
export function readmeTable(): Map<string, string[]> {
  const path = join(import.meta.dirname, '../../packages/parity/README.md');
  const rows = readFileSync(path, 'utf8').matchAll(/^\| `([\w.-]+)` +\|(.*)\|$/gm);
  return new Map(
    [...rows].flatMap(([, name, cells]) =>
      mistakeNames.includes(name!) ? [[name!, cells!.split('|').map((x) => x.trim())]] : [],
    ),
  );
}
