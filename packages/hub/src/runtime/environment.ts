// What the environment says of the hub, by the names that huggingface_hub reads. Empty where there is no environment, as in
// a page.
import { hasFileSystem, node } from './node.ts';

/** A token and, for messages, where it comes from. */
export interface Token {
  readonly value: string;
  readonly from: string;
}

/** Undefined where Deno was not given the permission. */
function ifPermitted<T>(tell: () => T): T | undefined {
  try {
    return tell();
  } catch {
    return undefined;
  }
}

export const environment = (name: string): string | undefined =>
  ifPermitted(() => globalThis.process?.env?.[name]) || undefined;

export const hubEndpoint = (): string => environment('HF_ENDPOINT') ?? 'https://huggingface.co';

/** Seconds without a byte. Undefined where it is no number of them. */
export function downloadTimeout(): number | undefined {
  const seconds = Number(environment('HF_HUB_DOWNLOAD_TIMEOUT'));
  return seconds > 0 ? seconds : undefined;
}

export const isOffline = (): boolean => isOn('HF_HUB_OFFLINE') || isOn('TRANSFORMERS_OFFLINE');

const isOn = (name: string): boolean => /^(1|on|yes|true)$/i.test(environment(name) ?? '');

/** Where our own downloads go. */
export const ownCache = (): string =>
  environment('SIGLIP_CACHE') ?? inHome(`${userCache()}/siglip-ts`);

/** Where the hub's own client keeps its downloads; undefined without a file system or a home. */
export function hubCache(): string | undefined {
  if (!hasFileSystem()) return undefined;
  const named = environment('HF_HUB_CACHE') ?? environment('HUGGINGFACE_HUB_CACHE');
  return ifPermitted(() => inHome(named ?? `${hubHome()}/hub`));
}

/** The token of the environment: a variable, or what `huggingface-cli login` wrote. */
export async function hubToken(): Promise<Token | undefined> {
  if (isOn('HF_HUB_DISABLE_IMPLICIT_TOKEN')) return undefined;
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const value = environment(name)?.trim();
    if (value) return { value, from: `$${name}` };
  }
  if (!hasFileSystem()) return undefined;
  const path = ifPermitted(() => inHome(environment('HF_TOKEN_PATH') ?? `${hubHome()}/token`));
  if (path === undefined) return undefined;
  // Not there, or not ours to read: then there is none.
  const text = await node('node:fs/promises')
    .readFile(path, 'utf8')
    .catch(() => '');
  return text.trim() ? { value: text.trim(), from: path } : undefined;
}

const userCache = (): string => environment('XDG_CACHE_HOME') ?? '~/.cache';
const hubHome = (): string => environment('HF_HOME') ?? `${userCache()}/huggingface`;

function inHome(path: string): string {
  return /^~(?=[/\\]|$)/.test(path) ? node('node:os').homedir() + path.slice(1) : path;
}
