// checked(b, oracle): runs every operation of b once more on an exact backend, on b's own inputs, and says which one
// first gave something else. For finding the kernel that is wrong, not for speed.
import type { Backend, Handle, Operand } from '../../contract/backend.ts';
import { convert, isHalf, type Values } from '../../contract/dtypes.ts';
import { showShape } from '../../contract/shapes.ts';
import { scopedSync } from '../../tensor/lifetimes.ts';
import { type Call, decorate, fusedOf } from '../decorate.ts';
import type { UlpHistogram } from './ulp-histogram.ts';

/** An operation whose result is not what the exact backend gives. */
export interface Finding {
  /** Its name. */
  readonly op: string;
  /** Of its inputs, as text. */
  readonly shapes: string;
  /** The largest difference, relative to the largest magnitude of the exact result (at least 1). */
  readonly error: number;
}

/** Options of `checked`. */
export interface CheckOptions {
  /** Errors up to this are fine. Default 1e-5; 1e-2 for half types. */
  readonly tolerance?: number;
  /** Receives each operation beyond the tolerance. Without it, the next read throws. */
  readonly report?: (finding: Finding) => void;
  /** Counts the errors of every operation that computes: see ulpHistogram. Complete once a read has answered. */
  readonly histogram?: UlpHistogram;
}

/** `oracle` computes in float64; both backends stay the caller's. */
export function checked(b: Backend, oracle: Backend, o: CheckOptions = {}): Backend {
  let checks: Promise<void> = Promise.resolve();
  let failure: Error | null = null;

  function found(finding: Finding): void {
    if (o.report) return o.report(finding);
    failure ??= new Error(
      `checked(${b.name}): ${finding.op} of ${finding.shapes} is off by ${finding.error.toExponential(1)}`,
    );
  }
  async function check(call: Call, inputs: Promise<Values>[], output: Promise<Values>) {
    const values = await Promise.all(inputs);
    const exact = await onOracle(oracle, call, values);
    const result = toFloat64(await output, call.dtype);
    if (!call.moves && call.dtype !== 'int32') o.histogram?.add(call.op, result, exact, call.dtype);
    const error = relativeError(result, exact);
    const tolerance = o.tolerance ?? (isHalf(call.dtype) ? 1e-2 : 1e-5);
    if (!(error <= tolerance))
      found({ op: call.op, shapes: call.inputs.map((x) => showShape(x.shape)).join(', '), error });
  }

  const d = decorate(b, `checked(${b.name})`, fusedOf(b), (call): Handle => {
    const inputs = call.inputs.map((x) => b.read(x)); // read now: what they are at the time of the call
    const handle = call.on(b, call.inputs);
    const output = b.read({ shape: call.shape, dtype: call.dtype, handle });
    for (const read of [...inputs, output]) read.catch(() => {}); // `check` reports it, in its turn
    checks = checks
      .then(() => check(call, inputs, output))
      .catch((error) => {
        failure ??= error;
      });
    return handle;
  });
  return {
    ...d,
    async read(x) {
      const values = b.read(x);
      await checks;
      if (failure) throw failure;
      return values;
    },
  };
}

async function onOracle(oracle: Backend, call: Call, values: Values[]): Promise<Float64Array> {
  const [cast] = call.op === 'cast' ? call.inputs : [];
  if (cast) return toFloat64(convert(values[0]!, cast.dtype, call.dtype), call.dtype);
  // What is uploaded is not widened: the oracle has it in the dtype in which it was given.
  const kept = call.dtype === 'int32' || call.op === 'upload';
  const dtype = kept ? call.dtype : 'float64';
  const result = scopedSync(oracle, () => {
    const inputs = call.inputs.map((x, i): Operand => {
      const dtype = x.dtype === 'int32' ? 'int32' : 'float64';
      const wide = convert(values[i]!, x.dtype, dtype);
      return { shape: x.shape, dtype, handle: oracle.upload(wide, x.shape, dtype) };
    });
    return oracle.read({ shape: call.shape, dtype, handle: call.on(oracle, inputs) });
  });
  return toFloat64(await result, dtype);
}

const toFloat64 = (values: Values, dtype: Operand['dtype']): Float64Array =>
  convert(values, dtype, 'float64') as Float64Array;

function relativeError(found: Float64Array, exact: Float64Array): number {
  let error = 0;
  let magnitude = 1;
  exact.forEach((e, i) => {
    // The same infinity or NaN twice is no difference, only one of them is an infinite one.
    const d = Object.is(e, found[i]) ? 0 : Math.abs(e - found[i]!);
    error = Math.max(error, Number.isNaN(d) ? Infinity : d);
    if (Number.isFinite(e)) magnitude = Math.max(magnitude, Math.abs(e));
  });
  return error / magnitude;
}
