/** @module @siglip-ts/backend-cpu */
export { cpu } from './cpu.ts';
