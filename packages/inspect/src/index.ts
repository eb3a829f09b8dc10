// What can be said of a model without training or comparing it.
/** @module @siglip-ts/inspect */
export { fromBigVision, type Converted } from './big-vision.ts';
export {
  explainScore,
  type Explanation,
  type ExplainOptions,
  type ScoredText,
} from './explain-score.ts';
export { gradientsOf } from './gradients.ts';
export { linearWeights } from './linear-weights.ts';
export { storageError, type Narrow, type StorageError } from './storage-error.ts';
export { survey, type Survey } from './survey.ts';
