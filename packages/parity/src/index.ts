// Finding where a port of SigLIP goes wrong.
export { CATALOGUE, mistakeNames } from './diagnose/catalogue/catalogue.ts';
export { diagnose, diagnosis, type Verdict } from './diagnose/diagnose.ts';
export type { Mistake, Numbers } from './diagnose/catalogue/mistake.ts';
export { subjectOf, type Inputs, type Subject } from './diagnose/reference/subject.ts';
export { diff, type Comparison, type JudgedBy, type Row, type RunReference } from './diff/diff.ts';
export { measure, passes, PROFILES, type Difference, type Tolerance } from './diff/measure.ts';
export { render } from './diff/render.ts';
export { transposed, type Dump, type DumpTensor, type Taps } from './dump.ts';
export { dumpFormats, readDump, writeDump, type DumpFormat } from './formats/index.ts';
export { NAMES, parseNames, nested, renamed, type NamesMap } from './names.ts';
export { selftest, selftestGolden, type SelftestGolden, type SelftestRow } from './selftest.ts';
