/** @module @siglip-ts/image */
/** Pixels as Python has them: decoding, resizing and SigLIP's two image processors. */

export type { DecodeOptions, ImageDecoder } from './decode.ts';
export { decodeImage, decodeImageAsync } from './decode.ts';
export type { ImageFormat } from './format.ts';
export { imageFormat } from './format.ts';
export type { DecodeLimits } from './limits.ts';
export { expectPixels } from './limits.ts';
export type { KernelOption, PixelKernels } from './pixel-kernels.ts';
export { decodeJpeg } from './jpeg/decode-jpeg.ts';
export { decodePng } from './png/decode-png.ts';
export type { Mode, RawImage } from './raw-image.ts';
export { channelsOf, isRawImage } from './raw-image.ts';
export { convertRgb } from './convert.ts';
export { exifOrientation, exifTranspose } from './exif.ts';
export type { ResizeFilter } from './resize-weights.ts';
export type { PillowOrder, PillowResizeOptions } from './resize-pillow.ts';
export { resizePillow } from './resize-pillow.ts';
export type { Planes } from './resize-torchvision.ts';
export { resizeTorchvisionBytes } from './resize-torchvision.ts';
export { resizeTorchvisionFloats } from './resize-floats.ts';
export type { ArrayImage, ImageInput, SampleType, Samples, TypedImage } from './array-image.ts';
export type {
  BatchFeature,
  Behaviour,
  CallOptions,
  PerChannel,
  ProcessorOptions,
  SizeDict,
} from './processor-options.ts';
export type { SiglipImageProcessorConfig, SlowBehaviour } from './processor-slow.ts';
export { SiglipImageProcessor } from './processor-slow.ts';
export type { FastOptions, SiglipImageProcessorFastConfig } from './processor-fast.ts';
export { SiglipImageProcessorFast } from './processor-fast.ts';
