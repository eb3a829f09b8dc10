// What the page on backend-gpu is asked and what it answers; read by the page and by the test of it.

export const GPU_LABELS = ['rocket', 'pizza', 'guitar', 'cat', 'bicycle', 'a cup of coffee'];

export interface GpuAnswer {
  /** The backend's. */
  readonly name: string;
  /** By picture and label. */
  readonly scores: readonly (readonly { label: string; score: number }[])[];
  /** Textures and buffers after ten forwards and after two hundred. */
  readonly alive: readonly [ten: number, twoHundred: number];
}
