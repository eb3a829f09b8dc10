// diagnose on the embedded model, every mistake of the catalogue: as diagnose.test.ts does on tiny ones. About a minute.
import { expect, test } from 'vitest';
import { CATALOGUE, mistakeNames } from '../../packages/parity/src/diagnose/catalogue/catalogue.ts';
import { expected, listCell, readmeTable, told, views } from './told.ts';

const variants = CATALOGUE.map((m, i) => [`${m.name} (${i})`, m] as const);

test.each(views)('a right dump is called right: %s', async (view) => {
  expect((await told('embedded', null, view))!.first).toBe('none');
});

test.each(variants)(
  '%s',
  async (_, m) => {
    for (const view of views) {
      const found = (await told('embedded', m, view))!;
      expect(found.first, `from ${view}`).toBe(expected('embedded', m, view, found));
    }
  },
  300_000,
);

test.each(mistakeNames)("%s: the README's cell is what was measured", async (name) => {
  expect(readmeTable().get(name)!.at(-1)).toBe(await listCell('embedded', name));
});
