// What crosses between a page and the worker that has the model: messages, and errors as plain objects. Who sends what is
// in client.ts and entry.ts.
import type { PictureError } from '../processing/pictures/picture-error.ts';

/** Functions among the options, which stay where they are: the worker sends what they are to receive. */
export const LISTENERS = ['progress_callback', 'warn', 'on_image', 'on_text'] as const;
export type ListenerName = (typeof LISTENERS)[number];

export interface Request {
  /** Of this request alone: of its answer too, and of what its listeners receive. */
  readonly id: number;
  readonly listeners: readonly ListenerName[];
  readonly do:
    | {
        readonly kind: 'load';
        readonly task: string;
        readonly model: unknown;
        readonly options: unknown;
      }
    | { readonly kind: 'call'; readonly args: readonly unknown[] }
    | { readonly kind: 'dispose' };
}
export interface Abort {
  readonly id: number;
  readonly do: { readonly kind: 'abort' };
}

export type Answer =
  | { readonly id: number; readonly kind: 'value'; readonly value: unknown }
  | { readonly id: number; readonly kind: 'error'; readonly error: PlainError }
  | {
      readonly id: number;
      readonly kind: 'report';
      readonly listener: ListenerName;
      readonly args: readonly unknown[];
    };

/** A HostTensor on its way. */
export interface PlainTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: ArrayBufferView;
}
export const isPlainTensor = (x: unknown): x is PlainTensor =>
  typeof x === 'object' && x !== null && 'values' in x && ArrayBuffer.isView(x.values);

/** A PictureError among results, on its way. */
export interface PlainFailure {
  readonly failure: PlainError;
}
export const isPlainFailure = (x: unknown): x is PlainFailure =>
  typeof x === 'object' && x !== null && 'failure' in x;

export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly code?: string | undefined;
  readonly cause?: PlainError | undefined;
  /** Of a PictureError. */
  readonly index?: number | undefined;
  readonly image?: string | undefined;
}

export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack, code, cause, index, image } = error as PictureError & {
    code?: unknown;
  };
  return {
    name,
    message,
    stack,
    code: typeof code === 'string' ? code : undefined,
    cause: cause === undefined ? undefined : plainError(cause),
    index,
    image,
  };
}

const CLASSES = { TypeError, RangeError, SyntaxError, ReferenceError } as const;

/** The error as it was thrown there: its class if that is a common one, its stack. */
export function errorOf({ name, message, stack, cause, ...more }: PlainError): Error {
  const Class = Object.hasOwn(CLASSES, name) ? CLASSES[name as keyof typeof CLASSES] : Error;
  const error = new Class(message, cause && { cause: errorOf(cause) });
  Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  if (stack !== undefined) error.stack = stack;
  const own = Object.entries(more).filter(([, value]) => value !== undefined);
  return Object.assign(error, Object.fromEntries(own));
}
