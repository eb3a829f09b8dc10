// The package: describeBackend, and what its options and the judgement of numbers are made of. The cases are its own.
/** @module @siglip-ts/conformance */
export { describeBackend } from './describe-backend.ts';
export type { Described } from './described.ts';
export {
  budgetOf,
  distance,
  type Budget,
  type Distance,
  type Judged,
  type Overrides,
} from './budgets.ts';
export type { Case } from './cases/case.ts';
export type { Filling, CaseInput, Random } from './cases/inputs.ts';
export type { Exact } from './reference.ts';
