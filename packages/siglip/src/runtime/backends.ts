// Which backend computes: one that is passed, or one by name; and how a dtype is computed on it. The engine comes along
// with this module, since service workers cannot import anything later; the others are loaded when they are named.
import { wasm } from '@siglip-ts/backend-wasm';
import { type Backend, type DType, isHalf, rounded, withoutFused } from '@siglip-ts/core';
import { hasFileSystem } from '@siglip-ts/hub/node';

/**
 * Parameters from which threads are worth their start, which takes 100 ms or more. On two cores a second thread saves a
 * picture of 196 tokens 17 ms of 54 at 5 million parameters, 35 of 168 at 12 million, 61 of 227 at 21 million.
 */
const WORTH_THREADS = 1e7;

type Maker = (o: BackendOptions, parameters: number) => Promise<Backend>;

/** A backend more is a row. */
const BACKENDS = {
  wasm({ threads = 'auto', weights = 'float32', warn = console.warn }, parameters) {
    const few = threads === 'auto' && parameters < WORTH_THREADS;
    return wasm({ threads: few ? 1 : threads, weights, warn });
  },
  async cpu(o) {
    expectNoWasmOptions(o);
    return (await import('@siglip-ts/backend-cpu')).cpu();
  },
  async gpu(o) {
    expectNoWasmOptions(o);
    const backend = await gpujs();
    if (/webasm|cpu/.test(backend.name))
      (o.warn ?? console.warn)(
        `GPU.js finds no GPU here and computes without one: ${backend.name}. Slower than backend wasm`,
      );
    return backend;
  },
} satisfies Readonly<Record<string, Maker>>;

/** What the option `backend` names: the WebAssembly engine, plain TypeScript, or GPU.js. */
export type BackendName = keyof typeof BACKENDS;

function expectNoWasmOptions({ threads = 'auto', weights = 'float32' }: BackendOptions): void {
  if ((threads !== 'auto' && threads !== 1) || weights !== 'float32')
    throw new RangeError('threads and weights: of the backends here only wasm has them');
}

/**
 * GPU.js is an optional peer of 90 MB, and its backend is of no use without it. Bundlers see neither name, so they do not
 * fail where it is not installed; a page that they make passes the backend itself.
 */
async function gpujs(): Promise<Backend> {
  const later = (name: string): Promise<unknown> =>
    import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name);
  const names = ['@siglip-ts/backend-gpu', 'gpu.js'];
  const modules = await Promise.all(names.map(later)).catch((cause: unknown) => {
    const inPage = hasFileSystem()
      ? ''
      : "; in a page, import { GPU } from 'gpu.js' and { gpu } from 'siglip-ts/gpu', and pass backend: await gpu(GPU)";
    throw new Error(
      `backend: "gpu" needs gpu.js, which does not load; npm install gpu.js@2.24.1${inPage}`,
      { cause },
    );
  });
  const [{ gpu }, { GPU }] = modules as [typeof import('@siglip-ts/backend-gpu'), { GPU: Parameters<typeof gpu>[0] }]; // prettier-ignore
  return gpu(GPU);
}

/** Every name that the option `backend` takes, the default first. */
export const backendNames = Object.keys(BACKENDS) as readonly BackendName[];

export interface BackendOptions {
  /**
   * A name makes a private instance, disposed with its model; a Backend stays the caller's. Default: 'wasm' where
   * there is WebAssembly, else 'cpu'; 'cpu' also for float64, which only it has. 'gpu' needs gpu.js 2.24, an optional
   * peer, and computes as that finds best; for its other modes pass a Backend.
   */
  backend?: BackendName | Backend;
  /**
   * Of a backend by name: how many threads compute; no bit of a result depends on it. 'auto', the default: as many as
   * there are cores, 8 at most; one for a small model, which gains nothing, and where memory is not shared or a policy
   * forbids workers, of which `warn` receives one line. A number of threads that cannot start is an Error.
   */
  threads?: number | 'auto';
  /**
   * Of a backend by name: how it stores the weights of linear layers. Default: float32, and int8 for a checkpoint that
   * `siglip quantize` stored so. All but the default change results.
   */
  weights?: 'float32' | 'float16' | 'int8' | 'w8a8';
  /** Receives warnings. Default: console.warn. */
  warn?: (message: string) => void;
  /** HF's word: 'auto' means the default, other names a backend. */
  device_map?: string;
}

/** What a backend by name is fitted to: how many parameters there are, and how the file has its weights, if narrow. */
export interface Weighed {
  parameters: number;
  stored?: 'int8' | undefined;
}

/** Throws RangeError for a name that is none. */
export async function backendOf(
  o: BackendOptions,
  dtype: DType,
  { parameters, stored }: Weighed,
): Promise<{ backend: Backend; owned: boolean }> {
  if (typeof o.backend === 'object') return { backend: o.backend, owned: false };
  const named = o.device_map === 'auto' ? undefined : o.device_map;
  const fast = typeof WebAssembly !== 'undefined' && dtype !== 'float64';
  const name = o.backend ?? named ?? (fast ? 'wasm' : 'cpu');
  if (!Object.hasOwn(BACKENDS, name))
    throw new RangeError(`backend: "${name}", expected one of ${backendNames.join(', ')}`);
  const narrow = stored && name === 'wasm' && { weights: o.weights ?? stored };
  const options = { ...o, ...narrow };
  return { backend: await BACKENDS[name as BackendName](options, parameters), owned: true };
}

const DTYPES: readonly string[] = ['float32', 'float64', 'float16', 'bfloat16'];

/** Throws RangeError for what is no floating-point dtype. */
export function dtypeOf(name: string): DType {
  const plain = name.replace(/^torch\./, '');
  if (!DTYPES.includes(plain))
    throw new RangeError(`dtype: "${name}", expected one of ${DTYPES.join(', ')}, auto`);
  return plain as DType;
}

/** The backend as a model of that dtype uses it: half types are computed as torch's CPU kernels do. */
export const computing = (b: Backend, dtype: DType): Backend =>
  isHalf(dtype) ? rounded(withoutFused(b), dtype) : b;
