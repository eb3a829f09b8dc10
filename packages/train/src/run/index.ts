// Training as a run on disk: reading pairs, checkpoints, metrics. Needs Node, Deno or Bun; the mathematics, in the
// package's main entry, does not.
/** @module @siglip-ts/train/run */
export { checkpoints, saveCheckpoint } from './checkpoints.ts';
export { openClasses } from './class-folders.ts';
export { classifier } from './classifier-trainee.ts';
export { contrastive } from './contrastive-trainee.ts';
export { evaluate, type Evaluation } from './evaluation.ts';
export { MetricsFile, type Metrics } from './metrics.ts';
export { openShards, type Pair, type Shard } from './pairs.ts';
export { reportSvg } from './report.ts';
export { Sampler, type Cursor, type Sample, type Source } from './sampler.ts';
export type { LoadTrainee, Prepared, Trainee } from './trainee.ts';
export { train, type Recipe, type TrainOptions, type TrainResult } from './train.ts';
