// All rows in the order of the table.
import { rows as gpu } from './gpu.mjs';
import { rows as inputs } from './inputs.mjs';
import { rows as load } from './load.mjs';
import { rows as matmul } from './matmul.mjs';
import { rows as pieces } from './pieces.mjs';
import { rows as pipeline } from './pipeline.mjs';
import { rows as profile } from './profile.mjs';
import { rows as towers } from './towers.mjs';
import { rows as train } from './train.mjs';

export const ROWS = [
  ...matmul,
  ...gpu,
  ...pieces,
  ...towers,
  ...train,
  ...pipeline,
  ...load,
  ...inputs,
  ...profile,
];
