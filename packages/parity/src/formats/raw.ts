// Raw numbers, as llama.cpp's debugging tools write them: float32 or int32, little-endian, and nothing else. A file has no
// shape: its tensor gets one axis, and takes the shape of the reference's tensor that it is compared with.
//
// Order: ggml stores its first dimension densest, so ne = {D, N, B} is [B, N, D] here, as in HF; likewise {w, h, D, B} is
// [B, D, h, w]. A tensor that was transposed without ggml_cont has to be made contiguous before it is written.
import type { DumpTensor } from '../dump.ts';

/** What holds ids and not floats: llama-debug ends their files in -tokens. */
const INTEGERS = /^(input_ids|attention_mask|position_ids|labels)$|(^|-)tokens$/;

/** Throws with `path` if the bytes are no whole number of values. */
export function readRaw(bytes: Uint8Array, name: string, path: string): DumpTensor {
  if (bytes.length % 4 !== 0)
    throw new Error(`${path}: ${bytes.length} bytes, expected float32 or int32, 4 bytes each`);
  const { buffer } = new Uint8Array(bytes); // a copy, aligned
  const shape = [bytes.length / 4];
  return INTEGERS.test(name)
    ? { shape, dtype: 'int32', data: new Int32Array(buffer) }
    : { shape, dtype: 'float32', data: new Float32Array(buffer) };
}

/** float64 is rounded to float32. */
export function writeRaw(name: string, { data }: DumpTensor): Uint8Array {
  const Kind = INTEGERS.test(name) ? Int32Array : Float32Array;
  return new Uint8Array(Kind.from(data).buffer);
}
