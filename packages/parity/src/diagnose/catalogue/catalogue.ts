// The catalogue: every known mistake, in the order of the data's way through the model. A name may have variants.
import type { Mistake } from './mistake.ts';
import { OUTPUT_MISTAKES } from './outputs.ts';
import { PIXEL_MISTAKES } from './pixels.ts';
import { TOKEN_MISTAKES } from './tokens.ts';
import { TOWER_MISTAKES } from './towers.ts';

export const CATALOGUE: readonly Mistake[] = [
  ...PIXEL_MISTAKES,
  ...TOKEN_MISTAKES,
  ...TOWER_MISTAKES,
  ...OUTPUT_MISTAKES,
];

export const mistakeNames: readonly string[] = [...new Set(CATALOGUE.map((m) => m.name))];
