// deferred(b): a backend whose every handle is a promise, as on a device that computes later. For tests of what
// relies on call order, and the pattern for backends of that kind.
import type { Backend, Handle, Mark, Operand, Values } from '../backend.ts';
import { decorate, fusedOf } from './decorate.ts';

/** What will be a handle of b once the queue has come to it. */
class Later {
  handle: Handle | undefined;
}

/** A failure rejects every read until the outermost release, and is never an unhandled rejection. */
export function deferred(b: Backend): Backend {
  let tail: Promise<unknown> = Promise.resolve();
  let failure: { error: unknown } | null = null;
  let depth = 0;
  const marks = new WeakMap<Mark, { inner: Mark | undefined; outermost: boolean }>();

  const enqueue = (work: () => void): void => {
    tail = tail.then(() => {
      if (failure) return;
      try {
        work();
      } catch (error) {
        failure = { error };
      }
    });
  };
  const later = (work: () => Handle): Handle => {
    const result = new Later();
    enqueue(() => void (result.handle = work()));
    return result;
  };
  const now = (x: Operand): Operand => ({
    shape: x.shape,
    dtype: x.dtype,
    handle: (x.handle as Later).handle!,
  });

  const d = decorate(b, `deferred(${b.name})`, fusedOf(b), (call) =>
    later(() => call.on(b, call.inputs.map(now))),
  );
  return {
    ...d,
    constant: (values, shape, dtype) => later(() => b.constant(values, shape, dtype)),
    upload(values, shape, dtype) {
      const copy = values.slice() as Values;
      return later(() => b.upload(copy, shape, dtype));
    },
    read(x) {
      const read = tail.then(() => {
        if (failure) throw failure.error;
        return b.read(now(x));
      });
      tail = read.catch(() => {});
      return read;
    },
    assign: (target, x) => enqueue(() => b.assign(now(target), now(x))),
    free: (x) => enqueue(() => b.free(now(x))),
    mark() {
      const mark = { inner: undefined as Mark | undefined, outermost: depth++ === 0 };
      marks.set(mark, mark);
      tail = tail.then(() => void (mark.inner = b.mark?.()));
      return mark;
    },
    release(since, keep) {
      depth--;
      const mark = marks.get(since)!;
      tail = tail.then(() => {
        if (mark.outermost) failure = null;
        const kept = keep.flatMap((k) => (k as Later).handle ?? []);
        if (mark.inner) b.release!(mark.inner, kept);
      });
    },
    dispose: () => void (tail = tail.then(() => b.dispose())),
  };
}
