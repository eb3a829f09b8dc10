// The worker of siglip-ts/worker, as a program: under the name by which it is looked for.
import 'siglip-ts/worker-entry';
