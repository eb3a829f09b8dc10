// What users' bundles may weigh: one file by esbuild, minified, gzip -9, in kB of 1000 bytes. A limit that is raised needs
// its reason in the message of that commit. Measured by sizes.packed.ts.

export const LIMITS: readonly { name: string; code: string; kB: number }[] = [
  {
    name: 'the pipeline, with all it can load',
    code: "export { pipeline } from 'siglip-ts'",
    kB: 135,
  },
  {
    name: 'SiglipVisionModel and SiglipImageProcessor',
    code: "export { SiglipVisionModel, SiglipImageProcessor } from 'siglip-ts'",
    kB: 75,
  },
  { name: 'AutoTokenizer', code: "export { AutoTokenizer } from 'siglip-ts'", kB: 50 },
  { name: '@siglip-ts/core', code: "export * from '@siglip-ts/core'", kB: 16 },
  { name: '@siglip-ts/backend-wasm', code: "export * from '@siglip-ts/backend-wasm'", kB: 34 },
  { name: '@siglip-ts/image', code: "export * from '@siglip-ts/image'", kB: 29 },
  { name: '@siglip-ts/tokenizer', code: "export * from '@siglip-ts/tokenizer'", kB: 28 },
  { name: '@siglip-ts/safetensors', code: "export * from '@siglip-ts/safetensors'", kB: 5 },
];
