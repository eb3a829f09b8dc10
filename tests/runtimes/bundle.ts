// A program and all that it imports as a few files, from the sources of the packages: no build is needed, nor tested.
import { join } from 'node:path';
import { rolldown } from 'rolldown';

export const root = join(import.meta.dirname, '../..');

export interface BundleOptions {
  readonly platform: 'node' | 'browser' | 'neutral';
  /** Modules that stay imports. */
  readonly external?: readonly string[];
}

/**
 * Files by name: a program of this folder, `page.ts` as `page.js`, and what it loads only when needed, such as what reads
 * files and so cannot load in a browser. vitest becomes the shim that needs no code generation.
 */
export async function bundle(entry: string, o: BundleOptions): Promise<Map<string, string>> {
  const build = await rolldown({
    input: join(import.meta.dirname, entry),
    platform: o.platform,
    external: [/^node:/, ...(o.external ?? [])],
    resolve: {
      conditionNames: ['siglip:source', 'import', 'default'],
      alias: { vitest: join(root, 'tests/no-eval/vitest-shim.ts') },
    },
    onwarn() {},
  });
  const { output } = await build.generate({ format: 'esm' });
  return new Map(output.map((o) => [o.fileName, 'code' in o ? o.code : String(o.source)]));
}
