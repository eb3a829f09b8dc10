// Edits of a protobuf message field by field, and of the messages within it (sentencepiece's have them in fields 1, 2, 3, 5).
import type { Random } from '../random.ts';
import { concat, EDGES, mutateBytes, mutateList } from './bytes.ts';

interface Field {
  readonly number: number;
  readonly wire: number;
  /** The bytes of the value, without a length. */
  readonly data: Uint8Array;
}

export function mutateProtobuf(r: Random, bytes: Uint8Array, isInner = false): Uint8Array {
  if (r.once(20)) return mutateBytes(r, bytes);
  let fields = fieldsOf(bytes);
  const rare = fields.filter(({ number }) => number !== 1);
  for (let n = 1 + r.below(3); n > 0; n--) {
    // Pieces are many and the two specs are one each: every second edit is of a spec.
    const chosen = !isInner && rare.length > 0 && r.once(2) ? r.pick(rare) : null;
    if (chosen) fields = fields.map((f) => (f === chosen ? edited(r, f, isInner) : f));
    else fields = mutateList(r, fields, (field) => edited(r, field, isInner));
  }
  return concat(fields.flatMap(written));
}

function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; at < bytes.length; shift *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * shift;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const key = varint();
    const wire = key & 7;
    const begin = at;
    const length = wire === 2 ? varint() : wire === 5 ? 4 : wire === 1 ? 8 : (varint(), at - begin);
    const from = wire === 2 ? at : begin;
    at = from + length;
    fields.push({ number: Math.floor(key / 8), wire, data: bytes.slice(from, at) });
  }
  return fields;
}

function edited(r: Random, field: Field, isInner: boolean): Field {
  const { number, wire, data } = field;
  const kind = r.below(12);
  if (kind === 0)
    return { ...field, number: r.pick([0, 1, 2, 3, 4, 5, 24, 35, 44, 48, 2 ** 29 - 1]) };
  if (kind === 1) return { ...field, wire: r.below(8) };
  if (wire === 0) return { ...field, data: varintOf(r.pick(EDGES)) };
  if (wire === 2 && !isInner && [1, 2, 3, 5].includes(number))
    return { ...field, data: mutateProtobuf(r, data, true) };
  if (wire === 5 && r.once(2)) {
    const value = r.pick([0, -0, NaN, Infinity, -Infinity, 1e38, -1e38, 1e-45]);
    return { ...field, data: new Uint8Array(Float32Array.of(value).buffer) };
  }
  const texts = ['', '▁', '</s>', '<unk>', '<0x00>', 'a', '\0', '🚀', 'ab'.repeat(500)];
  if (wire === 2 && r.once(3)) return { ...field, data: new TextEncoder().encode(r.pick(texts)) };
  return { ...field, data: mutateBytes(r, data) };
}

function varintOf(value: number): Uint8Array {
  const out: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return Uint8Array.from([...out, value]);
}

const written = ({ number, wire, data }: Field): Uint8Array[] => [
  varintOf(number * 8 + wire),
  ...(wire === 2 ? [varintOf(data.length)] : []),
  data,
];
