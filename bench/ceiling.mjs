// The machine's ceilings for 128-bit SIMD without fused multiply-and-add: a WebAssembly loop that only multiplies and
// adds, on registers, and one that also loads what a product of matrices must. Timed in the same rounds as a kernel, they
// tell what fraction of the machine the kernel uses.
// Not kernels of the library: written out in bytes so that they do not depend on what they judge.

/** Sums that do not wait for each other: enough to hide the latency of both instructions. */
const CHAINS = 13;
const ITERATIONS = 400_000;
/** Per iteration and chain: four numbers multiplied, four added. */
const FLOP = ITERATIONS * CHAINS * 8;

const leb = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)]);
const sleb = (n) => (n >= -64 && n < 64 ? [n & 127] : [(n & 127) | 128, ...sleb(n >> 7)]);
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
  return moduleOf([0x60, 2, I32, F32, 1, F32], body);
}

const moduleOf = (type, body, memory = []) =>
  new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, ...type]),
    ...section(3, [1, 0]),
    ...memory,
    ...section(7, [1, 5, ...new TextEncoder().encode('probe'), 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);

const LOAD = [0xfd, 0x00, 4]; // v128.load, followed by its offset
const LOAD_SPLAT = [0xfd, 0x09, 2]; // v128.load32_splat, likewise
/** For each number of k: 2 numbers of a, 16 of b, and 8 sums. */
const TURNS = 8;
const ROUNDS = 16;
const REPEATS = 400;

/**
 * (n: i32): n times a product of 2 rows, 128 long, and 16 columns, all in the first cache; nothing is stored, and
 * nothing of a tile's beginning and end is there but its jump. Tests that never hold keep the loads of one k behind the
 * work of the one before, as in the kernels.
 */
function loadingBytes() {
  const [a, b, left] = [1, 3, 4]; // locals: i32, the first two rows; then vectors
  const [x, b0, sum0] = [5, 6, 10];
  const four = [0, 1, 2, 3];
  const one = (k) => [
    ...(k > 0 ? [LOCAL_GET, a, 0x41, 2 * k - 1, 0x46, 0x0d, 1] : []), // leave if a is odd
    ...four.flatMap((q) => [LOCAL_GET, b, ...LOAD, ...leb(64 * k + 16 * q), LOCAL_SET, b0 + q]),
    ...[0, 1].flatMap((r) => [
      ...[LOCAL_GET, a + r, ...LOAD_SPLAT, ...leb(4 * k), LOCAL_SET, x],
      ...four.flatMap((q) => {
        const sum = sum0 + 4 * r + q;
        return [LOCAL_GET, x, LOCAL_GET, b0 + q, ...MUL, LOCAL_GET, sum, ...ADD, LOCAL_SET, sum];
      }),
    ]),
  ];
  const advance = (local, by) => [LOCAL_GET, local, 0x41, ...sleb(by), 0x6a, LOCAL_TEE, local];
  const body = [
    ...[2, 4, I32, 13, V128], // two groups of locals
    ...[0x03, 0x40], // loop
    ...[0x41, ...sleb(4096), LOCAL_SET, a, 0x41, ...sleb(4608), LOCAL_SET, a + 1],
    ...[0x41, ...sleb(16384), LOCAL_SET, b],
    ...[0x41, ROUNDS, LOCAL_SET, left],
    ...[0x02, 0x40, 0x03, 0x40], // block, loop
    ...Array.from({ length: TURNS }, (_, k) => one(k)).flat(),
    ...[...advance(a, 4 * TURNS), 0x1a, ...advance(a + 1, 4 * TURNS), 0x1a],
    ...[...advance(b, 64 * TURNS), 0x1a],
    ...[...advance(left, -1), 0x0d, 0, 0x0b, 0x0b],
    ...[...advance(0, -1), 0x0d, 0, 0x0b],
    ...four.flatMap((q) => [0x41, 0, LOCAL_GET, sum0 + q, 0xfd, 0x0b, 4, 16 * q]),
    ...four.flatMap((q) => [0x41, 0, LOCAL_GET, sum0 + 4 + q, 0xfd, 0x0b, 4, 64 + 16 * q]),
    0x0b,
  ];
  return moduleOf([0x60, 1, I32, 0], body, section(5, [1, 0, 1]));
}

/** A contender that runs at the ceiling. Its time is the best of several, so that a few rounds find the ceiling too. */
export const ceiling = () => contender('ceiling', probeBytes(), FLOP, ITERATIONS, 0.5);

/** The same for the loop that loads: what a kernel of products could reach if nothing but the loads were added. */
export const ceilingWithLoads = () =>
  contender('ceiling with loads', loadingBytes(), 2 * 32 * TURNS * ROUNDS * REPEATS, REPEATS);

async function contender(name, bytes, flop, ...args) {
  const { instance } = await WebAssembly.instantiate(bytes);
  const once = () => {
    const began = performance.now();
    instance.exports.probe(...args);
    return performance.now() - began;
  };
  return { name, flop, run: () => Math.min(...Array.from({ length: 10 }, once)) };
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
