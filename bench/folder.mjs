// Where the checkpoint of base size is. A file of its own so that a timed load imports nothing else.
import { join } from 'node:path';

export const FOLDER = join(import.meta.dirname, '.cache', 'base');
