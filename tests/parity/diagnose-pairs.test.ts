// diagnose: two mistakes planted together are both found. Pairs are drawn from the whole catalogue, by a fixed seed.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CATALOGUE } from '../../packages/parity/src/diagnose/catalogue/catalogue.ts';
import type { Mistake } from '../../packages/parity/src/diagnose/catalogue/mistake.ts';
import { squaredError } from '../../packages/parity/src/diagnose/search/compare.ts';
import { limitOf } from '../../packages/parity/src/diagnose/search/towers.ts';
import { type Case, caseOf, dumpOf, planted, type View } from './planted.ts';

/** Those that show on the usual inputs of a model with two towers. */
const mistakes = CATALOGUE.filter(
  (m) =>
    !m.interpolated &&
    m.name !== 'padding-longest' &&
    m.name !== 'classification-skips-first-patch',
);
/** Where it is made. */
const placesOf = ({ stage, towers }: Mistake): readonly string[] =>
  stage === 'output' ? ['output'] : towers;

/** Whether each shows beside the other: a second resize takes the place of the first, a mean leaves no probe to add. */
async function bothShow(c: Case, pair: readonly [Mistake, Mistake], view: View): Promise<boolean> {
  const two = await planted(c, pair);
  const keys = [...dumpOf(two, view)!.taps.keys()];
  const [right, exact] = [await planted(c, []), await planted(c, [], 'float64')];
  for (const m of pair) {
    const one = await planted(c, [m]);
    const shows = keys.some((key) => {
      const [x, y, noise] = [two.get(key)!, one.get(key)!, squaredError(right.get(key)!, exact.get(key)!)]; // prettier-ignore
      return squaredError(x, y) > limitOf(y, noise, false);
    });
    if (!shows) return false;
  }
  // The rounding of float16 is larger than what another epsilon changes.
  return !pair.some((m) => m.dtype) || !pair.some((m) => m.name.startsWith('layer-norm-eps'));
}

async function bothFound(c: Case, pair: readonly [Mistake, Mistake], view: View): Promise<void> {
  const ranking = await c.diagnose(dumpOf(await planted(c, pair), view)!);
  const first = ranking.slice(0, 2).map((v) => v.mistake);
  expect(first.sort(), JSON.stringify(ranking.slice(0, 4))).toEqual(pair.map((m) => m.name).sort());
}

const draw = fc.tuple(fc.constantFrom(...mistakes), fc.constantFrom(...mistakes));

test('from taps, wherever they are', { timeout: 300_000 }, async () => {
  const c = await caseOf('plain');
  await fc.assert(
    fc.asyncProperty(draw, async (pair) => {
      fc.pre(pair[0] !== pair[1] && (await bothShow(c, pair, 'taps')));
      await bothFound(c, pair, 'taps');
    }),
    { seed: 6, numRuns: 40, endOnFailure: true },
  );
});

test('from logits, in different places', { timeout: 300_000 }, async () => {
  const c = await caseOf('odd');
  await fc.assert(
    fc.asyncProperty(draw, async (pair) => {
      const [first, second] = pair.map(placesOf);
      fc.pre(!first!.some((place) => second!.includes(place)));
      fc.pre(await bothShow(c, pair, 'logits'));
      await bothFound(c, pair, 'logits');
    }),
    { seed: 6, numRuns: 25, endOnFailure: true },
  );
});
