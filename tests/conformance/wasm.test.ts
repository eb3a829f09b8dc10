// backend-wasm against every case, and under the decorators that models use on it.
import { kernels, wasm } from '@siglip-ts/backend-wasm';
import { describeBackend } from '@siglip-ts/conformance';
import { deferred, withoutFused } from '@siglip-ts/core';

const skip = { float64: 'the engine is float32; backend-cpu computes in float64' };

describeBackend('wasm', { make: wasm, skip });
describeBackend('wasm, 2 threads', { make: () => wasm({ threads: 2 }), skip });
const scalar = await WebAssembly.compile(kernels({ scalar: true }) as BufferSource);
describeBackend('wasm without SIMD', { make: () => wasm({ module: scalar }), skip });
describeBackend('withoutFused(wasm)', { make: async () => withoutFused(await wasm()), skip });
describeBackend('deferred(wasm)', { make: async () => deferred(await wasm()), skip });
