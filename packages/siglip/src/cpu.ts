// siglip-ts/cpu: the backend in plain TypeScript, for `backend: cpu()`. By name it needs no import.
/** @module siglip-ts/cpu */
export { cpu } from '@siglip-ts/backend-cpu';
