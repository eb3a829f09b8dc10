// What a text names: a model on the hub, by its id or a link to its page, or a folder on any server. Nothing is asked.
import { pageAddress } from '../runtime/page.ts';

/** A model on the hub. */
export interface HubLink {
  readonly id: string;
  readonly revision?: string;
  readonly subfolder?: string;
}

/** Whether `text` has the form `organisation/model`. */
export function isHubId(text: string): boolean {
  return /^\w[\w.-]{0,95}\/\w[\w.-]{0,95}$/.test(text) && !/--|\.\.|[.-](\/|$)/.test(text);
}

/** The address that `text` is: an http(s) one, or in a page one relative to it: `./models/siglip`, `/models/siglip`. */
export function addressOf(text: string): URL | undefined {
  const page = pageAddress();
  if (page !== undefined && /^\.{0,2}\//.test(text)) return new URL(text, page);
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return undefined;
  const url = new URL(text);
  // An extension's own files have an address of its own kind.
  const fetched = ['http:', 'https:', page && new URL(page).protocol].includes(url.protocol);
  return fetched ? url : undefined;
}

const HUB_HOSTS = ['huggingface.co', 'www.huggingface.co', 'hf.co'];

/**
 * The model whose page on the hub `url` is: `https://huggingface.co/google/siglip-base-patch16-224`, or with
 * `/tree/revision/folder`. On another endpoint only the latter is known to be one.
 */
export function hubLink(url: URL, endpoint: string): HubLink | undefined {
  const [id = '', rest] = splitAt(url.pathname.replace(/^\/|\/+$/g, ''), 2);
  if (!isHubId(id)) return undefined;
  const [, revision, subfolder] = /^(?:tree|resolve)\/([^/]+)(?:\/(.*))?$/.exec(rest ?? '') ?? [];
  const itsHost = HUB_HOSTS.includes(url.host);
  if (revision === undefined) return itsHost && rest === undefined ? { id } : undefined;
  if (!itsHost && url.host !== new URL(endpoint).host) return undefined;
  return {
    id,
    revision: decodeURIComponent(revision),
    ...(subfolder && { subfolder: decodeURIComponent(subfolder) }),
  };
}

/** The first `n` parts of a path, and the rest if there is any. */
function splitAt(path: string, n: number): [string, string | undefined] {
  const parts = path.split('/');
  const rest = parts.slice(n).join('/');
  return [parts.slice(0, n).join('/'), rest || undefined];
}
