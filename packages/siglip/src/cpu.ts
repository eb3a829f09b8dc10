/** @module siglip-ts/cpu */
export { cpu } from '@siglip-ts/backend-cpu';
