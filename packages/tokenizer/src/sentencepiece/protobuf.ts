// The few parts of the protobuf wire format that a SentencePiece model uses, read from hostile
// bytes. Not a protobuf library: no schemas, no groups, no 64-bit integers.

/** How a field's value is stored. */
export const Wire = { VARINT: 0, FIXED64: 1, BYTES: 2, FIXED32: 5 } as const;

/**
 * Called for each field of a message. `value` is the low 32 bits of a varint, signed, or a float32;
 * `bytes` is a view, not a copy, and empty for numbers.
 */
export type OnField = (field: number, wire: number, value: number, bytes: Uint8Array) => void;

const NOTHING = new Uint8Array(0);

/**
 * Walks the fields of one message. Throws an Error where the bytes end inside a field or make no
 * sense.
 */
export function readFields(bytes: Uint8Array, onField: OnField): void {
  let at = 0;

  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= bytes.length)
        throw new Error('spiece.model: protobuf: the file ends inside a number');
      const byte = bytes[at++]!;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Error('spiece.model: protobuf: a number has more than 10 bytes');
  };
  const take = (length: number): number => {
    if (length < 0 || length > bytes.length - at)
      throw new Error(
        `spiece.model: protobuf: a field of ${length >>> 0} bytes at byte ${at}, ${bytes.length - at} bytes are left`,
      );
    at += length;
    return at - length;
  };

  while (at < bytes.length) {
    const tag = varint();
    const wire = tag & 7;
    const field = tag >>> 3;
    if (field === 0) throw new Error(`spiece.model: protobuf: field number 0 before byte ${at}`);
    if (wire === Wire.VARINT) onField(field, wire, varint(), NOTHING);
    else if (wire === Wire.FIXED32) onField(field, wire, float(bytes, take(4)), NOTHING);
    else if (wire === Wire.FIXED64) take(8);
    else if (wire === Wire.BYTES) {
      const begin = take(varint());
      onField(field, wire, 0, bytes.subarray(begin, at));
    } else throw new Error(`spiece.model: protobuf: wire type ${wire} before byte ${at}`);
  }
}

const FOUR = new DataView(new ArrayBuffer(4));

function float(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 4; i++) FOUR.setUint8(i, bytes[at + i]!);
  return FOUR.getFloat32(0, true);
}

/** Collects the fields of one message, in the order they are given. */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];

  /** A bool, an enum or an int32; a negative one takes ten bytes, as protobuf has it. */
  integer(field: number, value: number): void {
    this.#parts.push(varintBytes(field << 3), varintBytes(value));
  }

  float(field: number, value: number): void {
    FOUR.setFloat32(0, value, true);
    this.#parts.push(
      varintBytes((field << 3) | Wire.FIXED32),
      new Uint8Array(FOUR.buffer.slice(0)),
    );
  }

  bytes(field: number, value: Uint8Array): void {
    this.#parts.push(varintBytes((field << 3) | Wire.BYTES), varintBytes(value.length), value);
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}

function varintBytes(value: number): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 0x80);
  return Uint8Array.from([...out, Number(rest)]);
}
