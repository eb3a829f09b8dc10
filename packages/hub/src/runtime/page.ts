// What is known where a page runs, or a worker of one: that it is a page, and where it lies. Nothing in Node, Deno, Bun
// and at the edge.
import { hasFileSystem } from './node.ts';

/** Whether the fetch at hand is a browser's: it follows redirects itself, and other origins see what they allow. */
export const inPage = (): boolean => !hasFileSystem() && globalThis.location !== undefined;

/** What relative addresses are relative to. */
export function pageAddress(): string | undefined {
  if (!inPage()) return undefined;
  // A worker that was made from a blob lies at blob:https://host/…
  return globalThis.document?.baseURI ?? location.href.replace(/^blob:/, '');
}
