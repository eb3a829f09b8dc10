// Programs of the tests as bundles of the sources, for Node, which runs no TypeScript. Not for browsers: see runtimes/bundle.ts.
import { rolldown } from 'rolldown';

/** Writes `main.js` and so on into `folder`, of `{ main: path }`. */
export async function bundleInto(folder, input) {
  const bundle = await rolldown({
    input,
    platform: 'node',
    resolve: { conditionNames: ['siglip:source', 'import', 'node', 'default'] },
    onwarn() {},
  });
  await bundle.write({ dir: folder, format: 'esm' });
}
