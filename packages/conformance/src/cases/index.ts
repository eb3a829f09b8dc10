// All cases. describe-backend.ts runs them, budgets.ts judges them.
import type { Case } from './case.ts';
import { composites } from './composites.ts';
import { elementwise } from './elementwise.ts';
import { movement } from './movement.ts';
import { sums } from './sums.ts';

/** See above. */
export const CASES: readonly Case[] = [...elementwise, ...sums, ...movement, ...composites];
