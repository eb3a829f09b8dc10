// What can be said of a model without training or comparing it.
/** @module @siglip-ts/inspect */
export { fromBigVision, type Converted } from './big-vision.ts';
export {
  explainScore,
  type Explanation,
  type ExplainOptions,
  type ScoredText,
} from './explain-score.ts';
