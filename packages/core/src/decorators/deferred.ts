// deferred(b): a backend whose every handle is a promise, as on a device that computes later. For tests of what
// relies on call order, and the pattern for backends of that kind.
import type { Backend, Handle, Mark, Operand } from '../contract/backend.ts';
import { decorate, fusedOf } from './decorate.ts';

/** What will be a handle of b once the queue has come to it, or why there is none. */
class Later {
  handle: Handle | undefined;
  error: unknown;
}
interface LaterMark {
  inner: Mark | undefined;
  readonly outermost: boolean;
}

/**
 * A failure rejects every read until the outermost release, and is never an unhandled rejection. What it kept from
 * being computed says so for ever after. Constants are made, and memory is given back, also while it lasts.
 */
export function deferred(b: Backend): Backend {
  let tail: Promise<unknown> = Promise.resolve();
  let failure: { error: unknown } | null = null;
  /** Marks that are not released yet, outermost first. */
  const open: Mark[] = [];

  const enqueue = (work: () => void): void => {
    tail = tail.then(() => {
      try {
        work();
      } catch (error) {
        failure ??= { error };
      }
    });
  };
  const later = (work: () => Handle): Handle => {
    const result = new Later();
    enqueue(() => {
      try {
        result.handle = work();
      } catch (error) {
        result.error = error;
        throw error;
      }
    });
    return result;
  };
  const expectHealthy = (): void => {
    if (failure) throw failure.error;
  };
  const now = (x: Operand): Operand => {
    const { handle, error } = x.handle as Later;
    if (!handle) throw error;
    return { shape: x.shape, dtype: x.dtype, handle };
  };

  const d = decorate(b, `deferred(${b.name})`, fusedOf(b), (call) =>
    later(() => {
      expectHealthy();
      return call.on(b, call.inputs.map(now));
    }),
  );
  return {
    ...d,
    constant: (values, shape, dtype) => later(() => b.constant(values, shape, dtype)),
    read(x) {
      const read = tail.then(() => {
        expectHealthy();
        return b.read(now(x));
      });
      tail = read.catch(() => {});
      return read;
    },
    assign: (target, x) =>
      enqueue(() => {
        expectHealthy();
        b.assign(now(target), now(x));
      }),
    free: (x) => enqueue(() => b.free(now(x))),
    mark() {
      const mark: LaterMark = { inner: undefined, outermost: open.length === 0 };
      open.push(mark);
      enqueue(() => void (mark.inner = b.mark()));
      return mark;
    },
    release(since, keep) {
      const at = open.indexOf(since);
      if (at >= 0) open.splice(at);
      const mark = since as LaterMark;
      enqueue(() => {
        if (mark.outermost) failure = null;
        const kept = keep.flatMap((k) => (k as Later).handle ?? []);
        if (mark.inner) b.release(mark.inner, kept);
      });
    },
    dispose: () => enqueue(() => b.dispose()),
  };
}
