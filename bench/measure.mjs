// Timing that holds on a noisy machine: contenders take turns round by round, and only their ratios are used.
// Not a framework: it times what it is given and divides. What is timed is in rows/.

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {() => unknown} run One piece of work. A number that it returns is taken as its time in milliseconds, for
 *   work that is timed elsewhere (a child process).
 * @property {number} [flop] Floating-point operations of one piece, to be printed as a fraction of the ceiling.
 * @property {string} [note]
 */

/** Runs every contender once a round, in an order that turns with the round. Times in milliseconds, by name. */
export async function interleave(contenders, { rounds, warmup = 2 }) {
  const times = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = -warmup; round < rounds; round++)
    for (let i = 0; i < contenders.length; i++) {
      const { name, run } = contenders[(i + round + warmup) % contenders.length];
      const began = performance.now();
      const own = await run();
      const took = typeof own === 'number' ? own : performance.now() - began;
      if (round >= 0) times.get(name).push(took);
    }
  return times;
}

/** How many times as long `other` took as `base`: of the best rounds, and the median over rounds. */
export function ratio(other, base) {
  return {
    min: Math.min(...other) / Math.min(...base),
    median: median(other.map((time, round) => time / base[round])),
  };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The largest |a - b|, as a fraction of the largest |b|. */
export function difference(a, b) {
  if (a.length !== b.length) return Infinity;
  let [worst, largest] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    worst = Math.max(worst, Math.abs(a[i] - b[i]));
    largest = Math.max(largest, Math.abs(b[i]));
  }
  return Number.isNaN(worst) ? Infinity : worst / largest;
}

/**
 * The contenders whose results agree with the first one's; what computes something else is not compared, and is added
 * to `absent`. `values` takes the numbers out of a result; a run without a result (a kernel alone) is taken as it is.
 */
export async function agreeing(contenders, absent, { values = (x) => x, tolerance = 1e-3 } = {}) {
  const kept = [];
  let expected;
  for (const contender of contenders)
    try {
      const result = await contender.run();
      const found = result === undefined ? undefined : values(result);
      expected ??= found;
      const off = found ? difference(found, expected) : 0;
      if (!(off <= tolerance))
        throw new Error(`gives other numbers, by ${off.toExponential(1)} of the largest`);
      kept.push(contender);
    } catch (error) {
      absent.push({ name: contender.name, why: String(error.message).split('\n')[0] });
    }
  return kept;
}
