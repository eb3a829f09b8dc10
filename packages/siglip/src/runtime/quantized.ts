// int8 weights in a checkpoint: how rows are written down and read, and how files say so. How they are multiplied is the
// backend's business: stored narrow there, they become the same integers and the same scales again.
import type { SafetensorsFile } from '@siglip-ts/safetensors';

/** What stands in config.json under `quantization_config`. */
export const QUANTIZATION = {
  /** HF's field, by which other readers know that it is not theirs. */
  quant_method: 'siglip-ts',
  /** Of the way rows are written down. */
  version: 1,
  /** How the matrices of linear layers are stored. */
  weights: 'int8',
} as const;

/**
 * What stands in the file's metadata under `format`, where HF's files have `pt`: transformers refuses a format that it
 * does not know, and says its name. A quantization_config that it does not know it passes over.
 */
export const INT8_FORMAT = `${QUANTIZATION.quant_method}-${QUANTIZATION.weights}`;

/** Whether the I8 matrices of a file are weights in rows as below. */
export const isInt8 = ({ metadata }: SafetensorsFile): boolean =>
  metadata.get('format') === INT8_FORMAT;

/** Bytes at the end of a row: its largest magnitude, a little-endian float32. */
export const ROW_END = 4;

/**
 * The rows of a matrix [n, k] as integers [n, k + 4]: each by its largest magnitude, as backend-wasm's int8 storage,
 * q = round(127 w / max), and then the bytes of that magnitude. The shape is not the weight's, so that no reader can take
 * the integers for weights.
 */
export function quantizeRows(values: Float32Array, n: number): Int8Array<ArrayBuffer> {
  const k = values.length / n;
  const rows = new Int8Array(n * (k + ROW_END));
  const view = new DataView(rows.buffer);
  for (let r = 0; r < n; r++) {
    const row = values.subarray(r * k, (r + 1) * k);
    const at = r * (k + ROW_END);
    let max = 0;
    for (const w of row) max = Math.max(max, Math.abs(w));
    const inverse = max > 0 ? 127 / max : 0;
    row.forEach((w, i) => (rows[at + i] = Math.round(w * inverse)));
    view.setFloat32(at + k, max, true);
  }
  return rows;
}

/** The weights [n, k] that such rows stand for. The largest of a row is exact: quantised anew they are the same. */
export function widenRows(rows: Int8Array, n: number): Float32Array<ArrayBuffer> {
  const width = rows.length / n;
  const k = width - ROW_END;
  const view = new DataView(rows.buffer, rows.byteOffset);
  const values = new Float32Array(n * k);
  for (let r = 0; r < n; r++) {
    const max = view.getFloat32(r * width + k, true);
    for (let i = 0; i < k; i++) values[r * k + i] = (rows[r * width + i]! * max) / 127;
  }
  return values;
}

/** bitsandbytes' LLM.int8: where the largest magnitudes of the rows of a weight are, float32 [n]. */
export const rowScales = (key: string): string => key.replace(/weight$/, 'SCB');

/** The weights [n, k] that its integers stand for, as bitsandbytes' int8_vectorwise_dequant: q * SCB / 127. */
export function scaledRows(q: Int8Array, scales: Float32Array): Float32Array<ArrayBuffer> {
  const k = q.length / scales.length;
  return Float32Array.from(q, (x, i) => (x * scales[Math.floor(i / k)]!) / 127);
}

/** Throws where the config.json of the model `name` says that its weights are stored in a way that is not read here. */
export function expectQuantization(quantization_config: unknown, name: string): void {
  if (quantization_config == null) return;
  const q = quantization_config as Record<string, unknown>;
  const { quant_method, version, weights } = q;
  if (quant_method === 'bitsandbytes' && q.load_in_8bit && !q.load_in_4bit) return;
  if (quant_method !== QUANTIZATION.quant_method)
    throw new Error(
      `${name}: quantised by quant_method ${JSON.stringify(quant_method) ?? 'without a name'}${q.load_in_4bit ? ' in 4 bits' : ''}, expected none or ` +
        `"${QUANTIZATION.quant_method}"; take the model that it was made from, and \`siglip quantize\` to make it small`,
    );
  if (version !== QUANTIZATION.version || weights !== QUANTIZATION.weights)
    throw new Error(
      `${name}: quantization_config of version ${String(version)} with weights ${JSON.stringify(weights)}, ` +
        `expected ${QUANTIZATION.version} and "${QUANTIZATION.weights}"; a later siglip-ts may read it`,
    );
}
