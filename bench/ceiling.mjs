// The machine's ceilings for 128-bit SIMD without fused multiply-and-add: a WebAssembly loop that only multiplies and
// adds, on registers, and one that also loads what a product of matrices must. Timed in the same rounds as a kernel, they
// tell what fraction of the machine the kernel uses.
// Not kernels of the library: written out in bytes so that they do not depend on what they judge.

/** Sums that do not wait for each other: enough to hide the latency of an addition. */
const SUMS = 12;
const FACTORS = 3;
const ITERATIONS = 400_000;
/** Per iteration and sum: four numbers multiplied, four added. */
const FLOP = ITERATIONS * SUMS * 8;

const leb = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)]);
const sleb = (n) => (n >= -64 && n < 64 ? [n & 127] : [(n & 127) | 128, ...sleb(n >> 7)]);
const section = (id, bytes) => [id, ...leb(bytes.length), ...bytes];
const [LOCAL_GET, LOCAL_SET, LOCAL_TEE] = [0x20, 0x21, 0x22];
const [I32, F32, V128] = [0x7f, 0x7d, 0x7b];
const SPLAT = [0xfd, 0x13];
const ADD = [0xfd, ...leb(228)];
const MUL = [0xfd, ...leb(230)];

/**
 * (n: i32, m: f32) => f32: n times a product of two factors added to every sum, then a lane of their total. A sum waits
 * for its last addition only: where it waited for a multiplication as well, engines lost a tenth. An engine that saw that
 * the products do not change would save multiplications and no time, since the additions alone take as long.
 */
function probeBytes() {
  const factor = (i) => 2 + (i % FACTORS); // locals
  const sum = (i) => 2 + FACTORS + i;
  const all = Array.from({ length: SUMS }, (_, i) => i);
  const body = [
    ...[1, FACTORS + SUMS, V128], // one group of locals
    ...all.slice(0, FACTORS).flatMap((i) => [LOCAL_GET, 1, ...SPLAT, LOCAL_SET, factor(i)]),
    ...[0x03, 0x40], // loop
    ...all.flatMap((i) => [
      ...[LOCAL_GET, factor(i), LOCAL_GET, factor(i + 1), ...MUL],
      ...[LOCAL_GET, sum(i), ...ADD, LOCAL_SET, sum(i)],
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
const STORE = [0xfd, 0x0b, 4];
const LOAD_SPLAT = [0xfd, 0x09, 2]; // v128.load32_splat, likewise
/** For each number of k: 4 numbers of a, 8 of b, and 8 sums. */
const TURNS = 8;
const ROUNDS = 16;
const REPEATS = 4000;

/**
 * (n: i32): n times a product of 4 rows, 128 long, and 8 columns, all in the first cache; nothing is stored, and
 * nothing of a tile's beginning and end is there but its jump. Tests that never hold keep the loads of one k behind the
 * work of the one before, as in the kernels.
 */
function loadingBytes() {
  const [a, b, left] = [1, 5, 6]; // locals: i32, the first four rows; then vectors
  const [x, b0, sum0] = [7, 8, 10];
  const [two, four] = [
    [0, 1],
    [0, 1, 2, 3],
  ];
  const one = (k) => [
    ...(k > 0 ? [LOCAL_GET, a, 0x41, 2 * k - 1, 0x46, 0x0d, 1] : []), // leave if a is odd
    ...two.flatMap((q) => [LOCAL_GET, b, ...LOAD, ...leb(64 * k + 16 * q), LOCAL_SET, b0 + q]),
    ...four.flatMap((r) => [
      ...[LOCAL_GET, a + r, ...LOAD_SPLAT, ...leb(4 * k), LOCAL_SET, x],
      ...two.flatMap((q) => {
        const sum = sum0 + 2 * r + q;
        return [LOCAL_GET, x, LOCAL_GET, b0 + q, ...MUL, LOCAL_GET, sum, ...ADD, LOCAL_SET, sum];
      }),
    ]),
  ];
  const advance = (local, by) => [LOCAL_GET, local, 0x41, ...sleb(by), 0x6a, LOCAL_TEE, local];
  const begin = (local, at) => [0x41, ...sleb(at), LOCAL_SET, local];
  // Pages that were never written are all the same page of zeros, which caches take badly.
  const touched = [4096, 16384, 20480];
  const body = [
    ...[2, 6, I32, 11, V128], // two groups of locals
    ...touched.flatMap((page) => [0x41, ...sleb(page), LOCAL_GET, sum0, ...STORE, 0]),
    ...[0x03, 0x40], // loop
    ...four.flatMap((r) => begin(a + r, 4096 + 512 * r)),
    ...[...begin(b, 16384), ...begin(left, ROUNDS)],
    ...[0x02, 0x40, 0x03, 0x40], // block, loop
    ...Array.from({ length: TURNS }, (_, k) => one(k)).flat(),
    ...four.flatMap((r) => [...advance(a + r, 4 * TURNS), 0x1a]),
    ...[...advance(b, 64 * TURNS), 0x1a],
    ...[...advance(left, -1), 0x0d, 0, 0x0b, 0x0b],
    ...[...advance(0, -1), 0x0d, 0, 0x0b],
    ...Array.from({ length: 8 }, (_, i) => [0x41, 0, LOCAL_GET, sum0 + i, ...STORE, 16 * i]),
    0x0b,
  ].flat();
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
