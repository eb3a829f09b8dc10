// The machine's ceiling for 128-bit SIMD without fused multiply-and-add: a WebAssembly loop that only multiplies and
// adds, on registers. Timed in the same rounds as a kernel, it tells what fraction of the machine the kernel uses.
// Not a kernel of the library: written out in bytes so that it does not depend on what it judges.

/** Sums that do not wait for each other: enough to hide the latency of both instructions. */
const CHAINS = 13;
const ITERATIONS = 400_000;
/** Per iteration and chain: four numbers multiplied, four added. */
const FLOP = ITERATIONS * CHAINS * 8;

const leb = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)]);
const section = (id, bytes) => [id, ...leb(bytes.length), ...bytes];
const [LOCAL_GET, LOCAL_SET, LOCAL_TEE] = [0x20, 0x21, 0x22];
const [I32, F32, V128] = [0x7f, 0x7d, 0x7b];
const SPLAT = [0xfd, 0x13];
const ADD = [0xfd, ...leb(228)];
const MUL = [0xfd, ...leb(230)];

/** (n: i32, m: f32) => f32: n times every sum = sum * m + m, then a lane of their total. */
function probeBytes() {
  const factor = 2; // local: the splatted parameter; sums follow
  const sum = (i) => factor + 1 + i;
  const all = Array.from({ length: CHAINS }, (_, i) => i);
  const body = [
    ...[1, CHAINS + 1, V128], // one group of locals
    ...[LOCAL_GET, 1, ...SPLAT, LOCAL_SET, factor],
    ...[0x03, 0x40], // loop
    ...all.flatMap((i) => [
      ...[LOCAL_GET, sum(i), LOCAL_GET, factor, ...MUL],
      ...[LOCAL_GET, factor, ...ADD, LOCAL_SET, sum(i)],
    ]),
    ...[LOCAL_GET, 0, 0x41, 1, 0x6b, LOCAL_TEE, 0, 0x0d, 0, 0x0b], // while (--n)
    ...[LOCAL_GET, sum(0)],
    ...all.slice(1).flatMap((i) => [LOCAL_GET, sum(i), ...ADD]),
    ...[0xfd, 0x1f, 0, 0x0b], // lane 0; end
  ];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 2, I32, F32, 1, F32]),
    ...section(3, [1, 0]),
    ...section(7, [1, 5, ...new TextEncoder().encode('probe'), 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

/** A contender that runs at the ceiling. Its time is the best of several, so that a few rounds find the ceiling too. */
export async function ceiling() {
  const { instance } = await WebAssembly.instantiate(probeBytes());
  const once = () => {
    const began = performance.now();
    instance.exports.probe(ITERATIONS, 0.5);
    return performance.now() - began;
  };
  return { name: 'ceiling', flop: FLOP, run: () => Math.min(...Array.from({ length: 10 }, once)) };
}

/** Whether this engine has fused multiply-and-add, so that `wasm({ relaxed: true })` runs. */
export const hasRelaxed = () =>
  WebAssembly.validate(
    new Uint8Array([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [1, 0x60, 1, V128, 1, V128]),
      ...section(3, [1, 0]),
      ...section(10, [1, 11, 0, LOCAL_GET, 0, LOCAL_GET, 0, LOCAL_GET, 0, 0xfd, 0x85, 0x02, 0x0b]),
    ]),
  );
