// SigLIP's classes as transformers 4.49 has them.
/** @module siglip-ts */
// The engine comes first: see the order in its index.ts.
export { backendNames, type BackendName } from './runtime/backends.ts';
export { HostTensor, Tensor, type Backend, type DType } from '@siglip-ts/core';
export { SiglipConfig, SiglipTextConfig, SiglipVisionConfig } from './modeling/configs.ts';
export {
  folderFiles,
  addressFiles,
  hubFiles,
  mapFiles,
  modelFiles,
  type FileCache,
  type FileMap,
  type HubOptions,
  type ModelFiles,
  type ProgressInfo,
} from '@siglip-ts/hub';
export type { TensorLike } from './modeling/inputs.ts';
export {
  ModelOutput,
  type BaseModelOutputWithPooling,
  type ImageClassifierOutput,
  type SiglipOutput,
} from './modeling/model-output.ts';
export { SiglipForImageClassification } from './modeling/image-classification.ts';
export { SiglipModel } from './modeling/siglip-model.ts';
export { SiglipTextModel } from './modeling/text-model.ts';
export { SiglipVisionModel } from './modeling/vision-model.ts';
export type { LoadOptions } from './runtime/loading.ts';
export {
  AutoConfig,
  AutoImageProcessor,
  AutoModel,
  AutoModelForImageClassification,
  AutoModelForZeroShotImageClassification,
  AutoProcessor,
  AutoTokenizer,
} from './auto.ts';
export type { AnyImageProcessor } from './processing/image-processor.ts';
export {
  CLIPImageProcessor,
  SiglipImageProcessor,
  SiglipImageProcessorFast,
} from './processing/image-processor.ts';
export {
  loadImage,
  type ImageInput,
  type ImageReach,
  type LoadImageOptions,
} from './processing/pictures/load-image.ts';
export {
  defaultModel,
  pipeline,
  type ImageClassificationPipeline,
  type ImageFeatureExtractionPipeline,
  type PipelineOptions,
  type ZeroShotImageClassificationPipeline,
} from './pipelines/pipeline.ts';
export type { Collecting, PictureOptions } from './pipelines/pictures.ts';
export type { PictureError } from './processing/pictures/picture-error.ts';
export type { ClassificationOptions } from './pipelines/image-classification.ts';
export type { FeatureOptions, Features } from './pipelines/image-feature-extraction.ts';
export type {
  LabelScore,
  RankedLabels,
  ZeroShotOptions,
} from './pipelines/zero-shot-image-classification.ts';
export {
  SiglipProcessor,
  type ProcessorInputs,
  type ProcessorOutput,
} from './processing/processor.ts';
export type { Reference } from './processing/reference.ts';
export {
  SiglipTokenizer,
  TokenizersBackend,
  TokenizersBackend as GemmaTokenizerFast,
  type AnyTokenizer,
} from './processing/tokenizer.ts';
