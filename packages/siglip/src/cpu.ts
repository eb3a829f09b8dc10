export { cpu } from '@siglip-ts/backend-cpu';
