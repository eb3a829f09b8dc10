// The few types of gpu.js that this package relies on. Its own declare `input` as a type only and reject string kernels
// with typed arrays, and importing them would make gpu.js more than an optional peer.

/** Numbers on the device, or in modes without one a plain array. */
export type Resident = Float32Array | Texture;

/** What a kernel with `pipeline: true` gives on a GPU. With `immutable: true` it is the caller's to delete. */
export interface Texture {
  /** Its size along each axis: here always one. */
  readonly output: readonly number[];
  toArray(): Float32Array | Promise<Float32Array>;
  delete(): void;
}

/** A compiled kernel. In mode 'webgpu' every call gives a promise. */
export type RunKernel = (...inputs: Resident[]) => Resident | Promise<Resident>;

export interface KernelSettings {
  readonly output: number[];
  readonly pipeline: true;
  readonly immutable: true;
  readonly precision: 'single';
  readonly returnType: 'Float';
}

export interface GpuInstance {
  /** What was asked for, or what an instance without a wish fell to. */
  readonly mode: string;
  /** A RunKernel. Not said here, so that gpu.js' own class fits without a cast. */
  createKernel(source: string, settings: KernelSettings): (...inputs: never[]) => unknown;
  destroy(): unknown;
}

/** GPU.js' names for what computes; the last two are the processor, not the graphics card. */
export type GpuMode = 'webgpu' | 'webgl2' | 'webgl' | 'headlessgl' | 'webasm' | 'cpu';

/** The class `GPU` of gpu.js. */
export type GpuConstructor = new (settings: { mode?: GpuMode }) => GpuInstance;
