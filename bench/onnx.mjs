// An ONNX file of one node, written by hand, so that a single operation can be timed in ONNX Runtime without Python.
// Not an exporter: whole models come from make/export_onnx.py.

/** @typedef {{ name: string, shape: number[], values?: Float32Array }} Value Constant if it has values. */

/** Bytes of a model whose output "y" is op(...inputs). `domain`: '' for the standard operators. */
export function oneNode(op, /** @type {Value[]} */ inputs, shape, attributes = {}, domain = '') {
  const node = [
    ...inputs.map(({ name }) => text(1, name)),
    text(2, 'y'),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => field(5, attribute(name, value))),
    text(7, domain),
  ];
  const graph = [
    field(1, join(node)),
    text(2, 'bench'),
    ...inputs.filter((i) => i.values).map((i) => field(5, constant(i))),
    ...inputs.filter((i) => !i.values).map((i) => field(11, valueInfo(i))),
    field(12, valueInfo({ name: 'y', shape })),
  ];
  const opset = (name, version) => field(8, join([text(1, name), number(2, version)]));
  return join([
    number(1, 9), // the format's version
    field(7, join(graph)),
    opset('', 20),
    ...(domain ? [opset(domain, 1)] : []),
  ]);
}

const FLOAT = 1; // TensorProto.DataType

const attribute = (name, value) => {
  if (typeof value === 'string') return join([text(1, name), text(4, value), number(20, 3)]);
  if (Number.isInteger(value)) return join([text(1, name), number(3, value), number(20, 2)]);
  const float = new Uint8Array(new Float32Array([value]).buffer);
  return join([text(1, name), Uint8Array.of((2 << 3) | 5, ...float), number(20, 1)]);
};
const constant = ({ name, shape, values }) =>
  join([
    ...shape.map((n) => number(1, n)),
    number(2, FLOAT),
    text(8, name),
    field(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  ]);
const valueInfo = ({ name, shape }) => {
  const dims = join(shape.map((n) => field(1, number(1, n))));
  const tensor = join([number(1, FLOAT), field(2, dims)]);
  return join([text(1, name), field(2, field(1, tensor))]);
};

// Protocol Buffers: a field is its number and wire type, then a varint (0) or a length and bytes (2).
const varint = (n) => (n < 128 ? [n] : [(n % 128) | 128, ...varint(Math.floor(n / 128))]);
const number = (id, n) => Uint8Array.of(...varint(id << 3), ...varint(n));
const field = (id, bytes) =>
  join([Uint8Array.of(...varint((id << 3) | 2), ...varint(bytes.length)), bytes]);
const text = (id, s) => field(id, new TextEncoder().encode(s));
function join(parts) {
  const whole = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
