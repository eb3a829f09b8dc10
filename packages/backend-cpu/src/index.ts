// The readable backend: plain loops over ndarray views.
/** @module @siglip-ts/backend-cpu */
export { cpu } from './cpu.ts';
