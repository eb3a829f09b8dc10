export { checkpointOf } from './checkpoint.ts';
