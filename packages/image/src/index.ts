// Pixels as Python has them: decoding, resizing and SigLIP's two image processors.
/** @module @siglip-ts/image */
export type { DecodeImageOptions, ImageDecoder } from './decode/decode.ts';
export { decodeImage, decodeImageAsync } from './decode/decode.ts';
export type { ImageFormat } from './decode/format.ts';
export { imageFormat } from './decode/format.ts';
export type { DecodeLimits } from './decode/limits.ts';
export { expectPixels } from './decode/limits.ts';
export type { KernelOption, PixelKernels } from './pixel-kernels.ts';
export { decodeJpeg } from './decode/jpeg/decode-jpeg.ts';
export { decodePng } from './decode/png/decode-png.ts';
export type { Mode, RawImage } from './raw-image.ts';
export { channelsOf, isRawImage } from './raw-image.ts';
export { convertRgb } from './convert.ts';
export { exifOrientation, exifTranspose } from './decode/exif.ts';
export type { ResizeFilter } from './resize/weights.ts';
export type { PillowOrder, PillowResizeOptions } from './resize/pillow.ts';
export { resizePillow } from './resize/pillow.ts';
export type { Planes } from './resize/torchvision-bytes.ts';
export { resizeTorchvisionBytes } from './resize/torchvision-bytes.ts';
export { resizeTorchvisionFloats } from './resize/torchvision-floats.ts';
export type {
  ArrayImage,
  ProcessorImages,
  SampleType,
  Samples,
  TypedImage,
} from './processors/array-image.ts';
export type {
  BatchFeature,
  Behaviour,
  PreprocessOptions,
  PerChannel,
  ProcessorOptions,
  SizeDict,
} from './processors/options.ts';
export type { CLIPFields, CLIPImageProcessorConfig, CropOptions } from './processors/clip.ts';
export { CLIP_DEFAULTS, CLIPImageProcessor } from './processors/clip.ts';
export type { SlowBehaviour } from './processors/pillow-steps.ts';
export type { SiglipImageProcessorConfig } from './processors/pillow.ts';
export { SiglipImageProcessor } from './processors/pillow.ts';
export type { FastOptions, SiglipImageProcessorFastConfig } from './processors/torchvision.ts';
export { SiglipImageProcessorFast } from './processors/torchvision.ts';
