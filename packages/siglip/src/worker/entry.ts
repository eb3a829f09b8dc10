// The worker's side of siglip-ts/worker: one pipeline, asked by messages. A module that is imported for what it does:
// a worker of one's own is the one line `import 'siglip-ts/worker-entry'`.
import { HostTensor } from '@siglip-ts/core';
import { pipeline, type PipelineOptions } from '../pipelines/pipeline.ts';
import {
  type Abort,
  type Answer,
  plainError,
  type PlainFailure,
  type PlainTensor,
  type Request,
} from './protocol.ts';

/** What a worker_thread's parentPort and a Web Worker's global object have in common, by other names. */
interface Port {
  postMessage(message: Answer, transfer: readonly ArrayBuffer[]): void;
  on?(event: 'message', listen: (message: unknown) => void): void;
  onmessage?: ((event: { data: unknown }) => void) | null;
}
type Pipeline = ((...args: readonly unknown[]) => Promise<unknown>) & { dispose(): Promise<void> };

const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
const port = (threads?.parentPort ?? globalThis) as unknown as Port;
const send = (message: Answer, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer);

const running = new Map<number, AbortController>();
let loaded: Promise<Pipeline> | undefined;

/**
 * Lets messages in between layers, an abort among them. By a channel, since timers wait for some milliseconds.
 */
const channel = new MessageChannel();
(channel.port1 as { unref?(): void }).unref?.();
const breathe = (): Promise<void> =>
  new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  });

/** The functions that the other side has, as functions that send it what they receive; and a signal that it can abort. */
function functionsOf({ id, listeners }: Request, signal: AbortSignal) {
  const report =
    (listener: (typeof listeners)[number]) =>
    (...args: readonly unknown[]) =>
      send({ id, kind: 'report', listener, args });
  return { ...Object.fromEntries(listeners.map((name) => [name, report(name)])), signal };
}

async function answer(request: Request, signal: AbortSignal): Promise<unknown> {
  const functions = functionsOf(request, signal);
  if (request.do.kind === 'load') {
    const { task, model, options } = request.do;
    const all = { ...(options as PipelineOptions), ...functions };
    loaded = pipeline(task as 'image-classification', model as string, all) as Promise<unknown> as Promise<Pipeline>; // prettier-ignore
    await loaded;
    return undefined;
  }
  if (request.do.kind === 'dispose') return (await loaded)?.dispose();
  const args = [...request.do.args];
  const options = args.pop() as object;
  return (await loaded)!(...args, { ...options, ...functions, breathe });
}

/** Tensors as plain objects, whose buffers are given away; and errors, of which a clone would lose what is their own. */
async function plain(value: unknown, transfer: ArrayBuffer[]): Promise<unknown> {
  if (Array.isArray(value) && value.some((x) => x instanceof HostTensor || x instanceof Error))
    return Promise.all(value.map((x) => plain(x, transfer)));
  if (value instanceof Error) return { failure: plainError(value) } satisfies PlainFailure;
  if (!(value instanceof HostTensor)) return value;
  const { shape, dtype } = value;
  const values = (await (/16$/.test(dtype) ? value.bits() : value.data())).slice();
  transfer.push(values.buffer as ArrayBuffer);
  return { shape, dtype, values } satisfies PlainTensor;
}

async function receive(message: Request | Abort): Promise<void> {
  const { id } = message;
  if (message.do.kind === 'abort') return running.get(id)?.abort();
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const transfer: ArrayBuffer[] = [];
    const value = await plain(await answer(message as Request, controller.signal), transfer);
    send({ id, kind: 'value', value }, transfer);
  } catch (error) {
    send({ id, kind: 'error', error: plainError(error) });
  } finally {
    running.delete(id);
  }
}

if (port.on) port.on('message', (message) => void receive(message as Request | Abort));
else port.onmessage = ({ data }) => void receive(data as Request | Abort);
