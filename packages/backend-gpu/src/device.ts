// A GPU.js instance and the kernels it has compiled. Knows programs and what is on the device; no shapes, no lifetimes.
import type { GpuInstance, Resident, RunKernel } from './gpujs.ts';
import type { Program } from './kernels/program.ts';

export class Device {
  private readonly gpu: GpuInstance;
  private readonly kernels = new Map<string, RunKernel>();
  private disposed = false;

  constructor(gpu: GpuInstance) {
    this.gpu = gpu;
  }

  /** In mode 'webgpu' the numbers may still be on their way when this is done; whoever uses them next waits. */
  async run(program: Program, inputs: readonly Resident[]): Promise<Resident> {
    return this.kernel(program, inputs.map(lengthOf))(...inputs);
  }

  /** Kernels are compiled for sizes: a source has those of its op's shapes in it, and gpu.js fixes those of its inputs. */
  private kernel({ source, length }: Program, inputs: readonly number[]): RunKernel {
    const key = `${length} ${inputs.join(' ')} ${source}`;
    const known = this.kernels.get(key);
    if (known) return known;
    const made = this.gpu.createKernel(source, {
      output: [length],
      pipeline: true,
      // Else the next call of the kernel overwrites the result of this one.
      immutable: true,
      precision: 'single',
      returnType: 'Float',
    }) as RunKernel;
    this.kernels.set(key, made);
    return made;
  }

  async dispose(): Promise<void> {
    this.kernels.clear();
    if (!this.disposed) await this.gpu.destroy();
    this.disposed = true;
  }
}

const lengthOf = (x: Resident): number => (x instanceof Float32Array ? x.length : x.output[0]!);

/** A copy on the host. */
export async function fetched(x: Resident): Promise<Float32Array> {
  return (x instanceof Float32Array ? x : await x.toArray()).slice();
}

/** Gives the memory back; the arrays of modes without a device go by themselves. */
export function deleted(x: Resident): void {
  if (!(x instanceof Float32Array)) x.delete();
}
