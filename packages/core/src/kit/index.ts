// For whoever writes a backend: what several of them need, so that none has it twice. Not for those who only use one.
/** @module @siglip-ts/core/kit */
export * from './guards.ts';
export * from './on-host.ts';
export * from './self-test.ts';
export * from './stack.ts';
export * from './views.ts';
