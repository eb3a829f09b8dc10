// diff: tap by tap, how far a dump is from the reference, and how much of that each module added to what it was given.
import { type Listener, Tensor } from '@siglip-ts/core';
import { ARGUMENTS, type Dump, type DumpTensor } from '../dump.ts';
import { type Difference, measure, passes, type Tolerance } from './measure.ts';

/** Runs the reference on the dump's inputs and gives every output by HF's names; the listener receives what the modules give. */
export type RunReference = (listener: Listener) => Promise<ReadonlyMap<string, DumpTensor>>;

export interface Row {
  readonly path: string;
  /** Theirs against ours, both from the same inputs of the model; null where the shapes differ. */
  readonly total: Difference | null;
  /** Theirs against ours, the module given *their* tensors: what it does wrong by itself. Null where that is not known. */
  readonly added: Difference | null;
  /** Within the tolerance, by what it was judged by. */
  readonly pass: boolean;
  readonly note?: string;
}

export interface Comparison {
  readonly producer: string;
  readonly by: JudgedBy;
  readonly rows: readonly Row[];
  /** The first that does not pass, in the order in which they run: judged by what it adds, it is wrong by itself. */
  readonly first: string | null;
  /** How much of the model was compared. */
  readonly share: Share;
  /** Tensors of the dump that the reference does not have, and modules that the dump lacks. */
  readonly unknown: readonly string[];
  readonly missing: readonly string[];
}

/** Modules of the model, and how many of them were compared: a layer that was compared counts for all that is in it. */
export interface Share {
  readonly compared: number;
  readonly modules: number;
  /** Whether that is as much as was asked for: agreement of a small part says little of the model. */
  readonly pass: boolean;
}

/** What a module is judged by: what it adds, where that is known, or all that has come together at it. */
export type JudgedBy = 'added' | 'total';

/** Throws RangeError if they have no tensor in common. `least` is the share of the modules that has to be compared. */
export async function diff(
  theirs: Dump,
  run: RunReference,
  t: Tolerance,
  by: JudgedBy = 'added',
  least = 0.5,
): Promise<Comparison> {
  const ours = new Map<string, DumpTensor>();
  const waiting: Promise<void>[] = [];
  const outputs = await run({
    tap: (path, x) => void waiting.push(keep(ours, path, x)),
  });
  await Promise.all(waiting);
  const modules = [...ours.keys()];
  const order = [...modules, ...[...outputs.keys()].filter((path) => !ours.has(path))];
  for (const [path, x] of outputs) if (!ours.has(path)) ours.set(path, x);
  const alone = await replayed(theirs, ours, run);
  const rows = order.flatMap((path) => {
    const found = theirs.taps.get(path);
    return found ? [rowOf(path, found, ours.get(path)!, alone.get(path), t, by)] : [];
  });
  if (rows.length === 0)
    throw new RangeError(
      `dump: none of its ${theirs.taps.size} tensors is one of the model's, expected HF's module paths or output fields`,
    );
  return {
    producer: theirs.producer,
    by,
    rows,
    first: rows.find(({ pass }) => !pass)?.path ?? null,
    share: shareOf(modules, rows, least),
    unknown: [...theirs.taps.keys()].filter((path) => !ours.has(path) && !ARGUMENTS.has(path)),
    missing: order.filter((path) => !theirs.taps.has(path)),
  };
}

function shareOf(modules: readonly string[], rows: readonly Row[], least: number): Share {
  const seen = new Set(rows.map(({ path }) => path));
  const isSeen = (path: string): boolean =>
    path !== '' && (seen.has(path) || isSeen(path.slice(0, Math.max(0, path.lastIndexOf('.')))));
  const compared = modules.filter(isSeen).length;
  return { compared, modules: modules.length, pass: compared >= least * modules.length };
}

async function keep(into: Map<string, DumpTensor>, path: string, x: Tensor): Promise<void> {
  into.set(path, { shape: x.shape, dtype: x.dtype, data: new Float32Array() }); // keeps its place
  into.set(path, { shape: x.shape, dtype: x.dtype, data: (await x.host().data()) as Float32Array });
}

/** What each of our modules gives when every module before it gave what theirs gave. */
async function replayed(
  theirs: Dump,
  ours: ReadonlyMap<string, DumpTensor>,
  run: RunReference,
): Promise<Map<string, DumpTensor>> {
  const alone = new Map<string, DumpTensor>();
  const waiting: Promise<void>[] = [];
  await run({
    tap(path, x) {
      waiting.push(keep(alone, path, x));
      const given = theirs.taps.get(path);
      if (!given || given.data.length !== ours.get(path)!.data.length) return undefined;
      return Tensor.from(x.backend, given.data, x.shape, x.dtype);
    },
  });
  await Promise.all(waiting);
  return alone;
}

function rowOf(
  path: string,
  theirs: DumpTensor,
  ours: DumpTensor,
  alone: DumpTensor | undefined,
  t: Tolerance,
  by: JudgedBy,
): Row {
  if (theirs.data.length !== ours.data.length)
    return {
      path,
      total: null,
      added: null,
      pass: false,
      note: misfit(theirs, ours),
    };
  const total = measure(theirs, ours, t);
  const added = alone ? measure(theirs, alone, t) : null;
  return { path, total, added, pass: passes((by === 'added' && added) || total, t) };
}

/** What has one axis may have come without a shape: then its count is what is wrong. */
function misfit(theirs: DumpTensor, ours: DumpTensor): string {
  const expected = `expected [${ours.shape.join(', ')}]`;
  return theirs.shape.length === 1 && ours.shape.length > 1
    ? `${theirs.data.length} numbers, ${expected}, which has ${ours.data.length}`
    : `shape [${theirs.shape.join(', ')}], ${expected}`;
}
