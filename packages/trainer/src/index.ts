// Training as a run on disk: reading pairs, checkpoints, metrics. Needs Node, Deno or Bun; the mathematics, which is in
// @siglip-ts/train, does not.
/** @module @siglip-ts/trainer */
export { checkpoints, saveCheckpoint } from './checkpoints.ts';
export { openClasses } from './data/class-folders.ts';
export type { DataLimits } from './data/limits.ts';
export { classifier } from './trainees/classifier.ts';
export { contrastive } from './trainees/contrastive.ts';
export { evaluate, type Evaluation } from './evaluation.ts';
export { MetricsFile, type Metrics } from './metrics.ts';
export type { Pair, Shard } from './data/pair.ts';
export type { Prepared, Sample } from './data/sample.ts';
export { openShards } from './data/shards.ts';
export { reportSvg } from './report.ts';
export { Sampler, type Cursor, type Source } from './data/sampler.ts';
export type { LoadTrainee, Trainee } from './trainees/trainee.ts';
export type { Recipe } from './recipe.ts';
export { train, type TrainOptions, type TrainResult } from './train.ts';
