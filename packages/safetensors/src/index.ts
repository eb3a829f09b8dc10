// The safetensors format, read lazily and strictly, and written byte for byte as Python writes it.
// Not here: opening files by path, which needs Node and is in `@siglip-ts/safetensors/node`.
/** @module @siglip-ts/safetensors */
export { isFloat8, widenFloat8 } from './float8.ts';
export {
  fileDTypeOf,
  fileDTypes,
  nameOfFileDType,
  type FileDType,
  type TensorData,
} from './dtype.ts';
export { parseHeader, type Header, type TensorInfo } from './header.ts';
export { openSafetensors, type SafetensorsFile, type StoredTensor } from './open.ts';
export { serialize, serializeHeader } from './serialize.ts';
export { openSharded } from './sharded.ts';
export { bytesSource, type ByteSource } from './source.ts';
export { decodeUtf8 } from './utf8.ts';
