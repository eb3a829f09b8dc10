// What backend-gpu cannot have of the conformance suite, each with its reason, and what it computes less exactly.
// packages/backend-gpu/README.md lists the same.
import type { Overrides } from '@siglip-ts/conformance';

type Skips = Readonly<Record<string, string>>;

/** In every mode. */
export const EVERYWHERE: Skips = {
  float64: 'GPU.js computes in float32; backend-cpu computes in float64',
};

const LOST = 'WGSL and GLSL let a compiler assume that there is no NaN and no infinity';

/** In the modes webgl2 and webgpu on SwiftShader, which Chromium brings. */
export const ON_SWIFTSHADER: Skips = {
  ...EVERYWHERE,
  'exp of NaN, infinities and zero': LOST,
  'log of NaN, infinities and zero': LOST,
  'log1p of NaN, infinities and zero': LOST,
  'tanh of NaN, infinities and zero': LOST,
  'max of NaN, infinities and zero': LOST,
  'min of NaN, infinities and zero': LOST,
  'max with NaN and infinities': LOST,
};

/** In the mode webgl2 on Mesa's llvmpipe, as Firefox has it. */
export const ON_LLVMPIPE: Skips = {
  ...EVERYWHERE,
  'tanh of NaN, infinities and zero': LOST,
  'erf of NaN, infinities and zero': LOST,
  'max of NaN, infinities and zero': LOST,
  'min of NaN, infinities and zero': LOST,
  'max with NaN and infinities': LOST,
};

/** SwiftShader and llvmpipe, GPUs in software: their exp and log, which GPU.js calls. */
export const SOFTWARE_GPUS: Overrides = {
  exp: { ulp: 64, share: 0 }, // 4e-6 relative was measured; WGSL and GLSL promise no more than 3 + 2 |x| units
  log1p: { ulp: 6, share: 1e-7 }, // near 0 it is a log near 1, which is right only absolutely
};
