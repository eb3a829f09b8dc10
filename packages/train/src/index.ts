export * from './autograd.ts';
export * from './clipping.ts';
export * from './grad.ts';
export * from './losses.ts';
export * from './optimizer.ts';
export * from './schedules.ts';
export * from './sigmoid-blocks.ts';
export * from './update-rules.ts';
