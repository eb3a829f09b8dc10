// diagnose: every mistake of the catalogue is planted by a variation of the reference in three tiny models, and named
// from every module's output, from the embeddings and from the logits alone. diagnose-python.test.ts does the same with
// mistakes made in the real Python, diagnose-embedded.slow.ts with the embedded model.
import { describe, expect, test } from 'vitest';
import { CATALOGUE, mistakeNames } from '../../packages/parity/src/diagnose/catalogue/catalogue.ts';
import { countCell, expected, readmeTable, told, views } from './told.ts';

const models = ['plain', 'odd', 'classifier-3'] as const;
const variants = CATALOGUE.map((m, i) => [`${m.name} (${i})`, m] as const);

describe.each(models)('%s', (model) => {
  test.each(views)('a right dump is called right: %s', async (view) => {
    expect((await told(model, null, view))?.first ?? 'none').toBe('none');
  });
  test.each(variants)('%s', async (_, m) => {
    for (const view of views) {
      const found = await told(model, m, view);
      if (found) expect(found.first, `from ${view}`).toBe(expected(model, m, view, found));
    }
  });
});

describe("the README's table is what was measured", () => {
  const rows = readmeTable();
  test('it has every mistake', () => expect([...rows.keys()]).toEqual(mistakeNames));
  test.each(mistakeNames)('%s', async (name) => {
    const cells = [];
    for (const view of views) cells.push(await countCell(models, name, view));
    expect(rows.get(name)!.slice(0, 3)).toEqual(cells);
  });
});
