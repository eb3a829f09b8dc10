// A program and all that it imports as a few files: for browsers from the tarballs, with nothing left out, as a user's
// bundler has it; for other runtimes from the sources, with Node's modules left out.
import { join } from 'node:path';
import { type InputOptions, rolldown } from 'rolldown';
import type { Project } from '../packed/pack.ts';

export const root = join(import.meta.dirname, '../..');

export interface BundleOptions {
  readonly platform: 'node' | 'neutral';
  /** Modules that stay imports. */
  readonly external?: readonly string[];
}

/**
 * Files by name: a program of this folder, `page.ts` as `page.js`, and what it loads only when needed, such as what reads
 * files and so cannot load in a browser. vitest becomes the shim that needs no code generation.
 */
export const bundle = (entry: string, o: BundleOptions): Promise<Map<string, string>> =>
  bundled(entry, {
    platform: o.platform,
    external: [/^node:/, ...(o.external ?? [])],
    resolve: { alias, conditionNames: ['siglip:source', 'import', 'default'] },
  });

/** The same for a page, with the packages that are installed in a project. */
export const bundlePage = (entry: string, { folder }: Project): Promise<Map<string, string>> =>
  bundled(entry, {
    platform: 'browser',
    resolve: { alias, modules: [join(folder, 'node_modules'), 'node_modules'] },
  });

const alias = { vitest: join(root, 'tests/no-eval/vitest-shim.ts') };

async function bundled(entry: string, options: InputOptions): Promise<Map<string, string>> {
  const input = join(import.meta.dirname, entry);
  const build = await rolldown({ input, onwarn() {}, ...options });
  const { output } = await build.generate({ format: 'esm' });
  return new Map(output.map((o) => [o.fileName, 'code' in o ? o.code : String(o.source)]));
}
