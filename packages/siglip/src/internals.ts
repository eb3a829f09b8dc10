// siglip-ts/internals: what the project's own packages need of siglip-ts beside its classes. For nobody else: it may change
// in any version.
/** @module siglip-ts/internals */
export { CLASSES, classNamed, classNames, classOf } from './classes.ts';
export type { AnyConfig } from './modeling/configs.ts';
export { load, type ModelClass } from './modeling/model-class.ts';
export { fillTemplate, takesLabel, TEMPLATE } from './pipelines/label-features.ts';
export { sigmoid } from './pipelines/zero-shot-image-classification.ts';
export { withReference } from './processing/reference.ts';
export { toFullLength } from './processing/tokenizer.ts';
export { checkpointOf, expectReadable, openWeights } from './runtime/checkpoint.ts';
export { orWhatItIs } from './runtime/folder-kind.ts';
export { parametersOf } from './runtime/loading.ts';
export {
  expectQuantization,
  INT8_FORMAT,
  isInt8,
  QUANTIZATION,
  quantizeRows,
  ROW_END,
  widenRows,
} from './runtime/quantized.ts';
