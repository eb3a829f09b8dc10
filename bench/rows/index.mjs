// All rows in the order of the table.
import { rows as matmul } from './matmul.mjs';
import { rows as pieces } from './pieces.mjs';

export const ROWS = [...matmul, ...pieces];
