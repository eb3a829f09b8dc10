// GPU.js as it is where there is a GPU: results are textures, each to be deleted by whoever asked for it. Computes in the
// mode that was asked for; a texture that is used after its deletion is an error.
import { GPU } from 'gpu.js';
import type { GpuConstructor } from '@siglip-ts/backend-gpu';

/** Textures that exist, and kernels that were compiled. */
export const counts = { alive: 0, kernels: 0 };

class Texture {
  private values: Float32Array | null;
  readonly output: readonly number[];

  constructor(values: Float32Array) {
    this.values = values;
    this.output = [values.length];
    counts.alive++;
  }
  /** Asynchronous, as in mode webgpu. */
  async toArray(): Promise<Float32Array> {
    return this.numbers().slice();
  }
  numbers(): Float32Array {
    if (!this.values) throw new Error('a texture was used after its deletion');
    return this.values;
  }
  delete(): void {
    this.numbers();
    this.values = null;
    counts.alive--;
  }
}

type Run = (...inputs: Float32Array[]) => Float32Array;

export const Counted = class {
  private readonly inner: InstanceType<GpuConstructor>;
  readonly mode: string;

  constructor(settings: ConstructorParameters<GpuConstructor>[0]) {
    this.inner = new (GPU as GpuConstructor)(settings);
    this.mode = this.inner.mode;
  }
  createKernel(source: string, settings: Parameters<typeof this.inner.createKernel>[1]) {
    counts.kernels++;
    const run = this.inner.createKernel(source, settings) as Run;
    return async (...inputs: (Float32Array | Texture)[]) =>
      new Texture(run(...inputs.map((x) => (x instanceof Texture ? x.numbers() : x))));
  }
  destroy() {
    return this.inner.destroy();
  }
} satisfies GpuConstructor;
