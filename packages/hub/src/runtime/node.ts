// Node's own modules where there are any: in Node, Deno and Bun. The process is asked for them and nothing is imported,
// so bundlers for pages find nothing that they cannot resolve.
/// <reference types="node" />
/** @module @siglip-ts/hub/node */

type Modules = {
  'node:crypto': typeof import('node:crypto');
  'node:dns/promises': typeof import('node:dns/promises');
  'node:fs/promises': typeof import('node:fs/promises');
  'node:http': typeof import('node:http');
  'node:https': typeof import('node:https');
  'node:module': typeof import('node:module');
  'node:os': typeof import('node:os');
  'node:path': typeof import('node:path');
  'node:stream': typeof import('node:stream');
  'node:url': typeof import('node:url');
  'node:zlib': typeof import('node:zlib');
};

/** A module of Node's. Throws Error where there is none, as in a page. */
export function node<Name extends keyof Modules>(name: Name): Modules[Name] {
  const found = globalThis.process?.getBuiltinModule?.(name) as Modules[Name] | undefined;
  if (!found) throw new Error(`${name}: not here, expected Node 20.16 or newer, Deno or Bun`);
  return found;
}

/** Whether files can be read. Cloudflare's workers have the module, but no disk. */
export const hasFileSystem = (): boolean =>
  globalThis.process?.getBuiltinModule?.('node:fs/promises') !== undefined &&
  globalThis.navigator?.userAgent !== 'Cloudflare-Workers';
