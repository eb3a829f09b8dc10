/** @module @siglip-ts/autograd */
export * from './autograd.ts';
export * from './grad.ts';
export * from './record.ts';
export type { Pull, Step } from './step.ts';
