// Finding where a port of SigLIP goes wrong.
export { fromBigVision, type Converted } from './convert/big-vision.ts';
export { CATALOGUE, mistakeNames } from './diagnose/catalogue.ts';
export { diagnose, diagnosis, type DumpLike, type Verdict } from './diagnose/diagnose.ts';
export type { Mistake, Values } from './diagnose/mistake.ts';
export { subjectOf, type Inputs, type Subject } from './diagnose/subject.ts';
export { diff, type Comparison, type JudgedBy, type Row, type RunReference } from './diff/diff.ts';
export { measure, passes, PROFILES, type Difference, type Tolerance } from './diff/measure.ts';
export { render } from './diff/render.ts';
export type { Dump, DumpTensor } from './dump.ts';
export { dumpFormats, readDump, writeDump, type DumpFormat } from './formats/index.ts';
export { NAMES, parseNames, renamed, type NamesMap } from './names.ts';
export {
  explainScore,
  type Explanation,
  type ExplainOptions,
  type ScoredText,
} from './explain-score.ts';
export { selftest, selftestGolden, type SelftestGolden, type SelftestRow } from './selftest.ts';
