// How to reach the files of one model on a server: on the hub, or in a folder at any address. Asks for nothing itself.
import { type Patience, SILENCE } from '../reading/silence.ts';
import { downloadTimeout, hubEndpoint, hubToken, type Token } from '../runtime/environment.ts';
import { inPage } from '../runtime/page.ts';
import { isHubId } from './addresses.ts';
import type { ProgressInfo } from './progress.ts';

/** How often to ask while the network or the server fails, and the first pause in ms. */
export interface Retry {
  readonly attempts: number;
  readonly pause: number;
}

export interface Connection {
  /** What messages call the model: its hub id, or its address. */
  readonly name: string;
  /** Of the hub; undefined for a plain address. */
  readonly hub: { readonly id: string; readonly endpoint: string } | undefined;
  /** For an address always the same word. */
  readonly revision: string;
  /** Only here go the token and questions about a copy at hand, not where a redirect leads. */
  readonly origin: string;
  readonly urlOf: (file: string) => string;
  /** Where the cache keeps the model: the names of folders. */
  readonly place: readonly string[];
  /** Never for a plain address. */
  readonly token: () => Promise<Token | undefined>;
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal | undefined;
  readonly warn: (message: string) => void;
  readonly retry: Retry;
  /** How long the server may say nothing at this address. */
  readonly patienceAt: (url: string) => Patience;
  /** Whether a browser's fetch hides redirects, and what other origins do not expose. */
  readonly inPage: boolean;
  /** How long a rate limit may make it wait yet, in ms. */
  patience: number;
  /** The commit that the revision was when the hub was last asked. */
  commit: string | undefined;
}

/** What both kinds take of the options. */
export interface ConnectionOptions {
  readonly revision?: string;
  readonly token?: string | false;
  readonly endpoint?: string;
  readonly fetch?: typeof globalThis.fetch;
  readonly signal?: AbortSignal;
  readonly warn?: (message: string) => void;
  readonly retry?: Retry;
  readonly silence?: number;
  readonly progress_callback?: (info: ProgressInfo) => void;
}

const RETRY: Retry = { attempts: 5, pause: 500 };
const PATIENCE = 60_000;

/** Throws on what is no id, revision or endpoint. */
export function hubConnection(id: string, options: ConnectionOptions): Connection {
  const revision = options.revision ?? 'main';
  const endpoint = (options.endpoint ?? hubEndpoint()).replace(/\/+$/, '');
  if (!isHubId(id))
    throw new Error(`hub id ${JSON.stringify(id)}: expected the form organisation/model`);
  if (!/^[\w.+-][\w./+-]*$/.test(revision) || revision.includes('..'))
    throw new Error(`revision ${JSON.stringify(revision)}: expected a branch, a tag or a commit`);
  const { protocol, host, origin } = new URL(endpoint);
  if (!/^https?:$/.test(protocol))
    throw new Error(`endpoint ${JSON.stringify(endpoint)}: expected an http or https address`);
  let token: Promise<Token | undefined> | undefined;
  const given = async () => options.token ? { value: options.token, from: 'the option `token`' } : undefined; // prettier-ignore
  return {
    ...common(id, options),
    name: id,
    hub: { id, endpoint },
    revision,
    origin,
    urlOf: (file) =>
      `${endpoint}/${id}/resolve/${encodeURIComponent(revision)}/${encodePath(file)}`,
    // The hub's address is part of it: what a mirror served is not taken for the hub's own.
    place: [host, ...id.split('/')],
    token: () => (token ??= options.token === undefined ? hubToken() : given()),
  };
}

/** The files beside each other in the folder at `url`, whose query, if any, each file's address gets. */
export function addressConnection(url: URL, options: ConnectionOptions): Connection {
  const folder = `${url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin}${url.pathname.replace(/\/+$/, '')}`; // prettier-ignore
  return {
    ...common(folder, options),
    name: folder,
    hub: undefined,
    revision: 'latest',
    origin: url.origin,
    urlOf: (file) => `${folder}/${encodePath(file)}${url.search}`,
    place: ['url', url.host, ...url.pathname.split('/').filter((part) => part !== '')],
    token: async () => undefined,
  };
}

const encodePath = (file: string): string => file.split('/').map(encodeURIComponent).join('/');

const common = (name: string, options: ConnectionOptions) => ({
  // Called as a function, never as a method of ours: a browser's refuses to be anything's but the window's.
  fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
  signal: options.signal,
  warn: options.warn ?? ((message: string) => console.warn(message)),
  retry: options.retry ?? RETRY,
  patienceAt: (url: string) => ({
    silence: options.silence ?? downloadTimeout() ?? SILENCE,
    signal: options.signal,
    onSilence: (seconds) => options.progress_callback?.({ status: 'waiting', name, url, seconds }),
  }),
  inPage: inPage(),
  patience: PATIENCE,
  commit: undefined,
}) satisfies Partial<Connection>; // prettier-ignore
