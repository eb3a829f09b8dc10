// diagnose: every mistake of the catalogue is planted by a variation of the reference, in dumps that show everything
// and in dumps of logits alone. diagnose-python.test.ts does the same with mistakes made in the real Python.
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../packages/parity/src/diagnose/catalogue.ts';
import type { Mistake } from '../../packages/parity/src/diagnose/mistake.ts';
import { diagnose } from '../../packages/parity/src/diagnose/diagnose.ts';
import { planted, SUBJECTS, subject, visible } from './planted.ts';

// The embedded model has pictures and texts; what happens inside a tower is tried on the small ones.
const TRIED = (name: string, m: Mistake) => name !== 'embedded' || m.stage !== 'tower';
const variants = CATALOGUE.map((m, i) => [`${m.name} (${i})`, m] as const);

describe.each(SUBJECTS)('%s', (name) => {
  test('a right dump is called right', async () => {
    const s = await subject(name);
    const [first] = await diagnose(s.subject, s.inputs, await planted(s, [], 'all'));
    expect(first!.mistake).toBe('none');
  });
  test.each(variants)('%s', async (_, m) => {
    const s = await subject(name);
    if (!TRIED(name, m) || !(await visible(s, m))) return;
    const ranking = await diagnose(s.subject, s.inputs, await planted(s, [m], 'all'));
    expect(ranking[0]!.mistake, JSON.stringify(ranking.slice(0, 3))).toBe(m.name);
    expect(ranking[0]!.explains).toBeGreaterThan(0.95);
  });
});

// Two at once, in one tower and in both, from every module and from the logits.
describe.each([
  ['gelu-erf', 'no-post-layernorm', 'plain'],
  ['bgr', 'pool-first-token', 'odd'],
  ['patch-order-hwc', 'no-logit-bias', 'plain'],
  ['padding-longest', 'head-probe-residual', 'plain'],
] as const)('%s and %s on %s', (a, b, name) => {
  // From logits, pairs are looked for in different towers or after them, not within one.
  const dumps = a === 'gelu-erf' ? (['all'] as const) : (['all', 'logits'] as const);
  test.each(dumps)('%s', async (what) => {
    const s = await subject(name);
    const both = [a, b].map((wanted) => CATALOGUE.find((m) => m.name === wanted)!);
    const ranking = await diagnose(s.subject, s.inputs, await planted(s, both, what));
    expect(
      ranking
        .slice(0, 2)
        .map((v) => v.mistake)
        .sort(),
    ).toEqual([a, b].sort());
  });
});
