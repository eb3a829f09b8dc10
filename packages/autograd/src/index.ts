// Gradients on any backend: one that records, and the rules of every operation.
/** @module @siglip-ts/autograd */
export * from './autograd.ts';
export * from './grad.ts';
export * from './record.ts';
export type { Pull, Step } from './step.ts';
