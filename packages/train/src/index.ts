// Training in memory: losses, gradients of a batch, optimisers, schedules. Nothing here reads or writes a file.
/** @module @siglip-ts/train */
export * from './clipping.ts';
export * from './contrastive.ts';
export * from './dropout.ts';
export * from './parameters.ts';
export * from './losses.ts';
export * from './optimizer.ts';
export * from './schedules.ts';
export * from './sigmoid-blocks.ts';
export * from './sigmoid-ring.ts';
export * from './update-rules.ts';
