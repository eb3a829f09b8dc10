// One GET to the hub, through its redirects. Knows the hub's headers and errors; stores nothing.

/** How to reach the hub. */
export interface Connection {
  readonly id: string;
  readonly revision: string;
  /** Without a '/' at the end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal | undefined;
}

/** A response of status 200 (206 or 416 where a range was asked for), or why there is none. */
export type Answer =
  | {
      readonly kind: 'found';
      readonly response: Response;
      readonly url: string;
      readonly version: Version;
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'missing' }
  /** Worth another attempt: the network or the server failed. */
  | { readonly kind: 'failed'; readonly why: Error };

/** Which bytes a file has now, as the hub says before it sends them. */
export interface Version {
  /** Names the content: the sha256 of a large file, git's sha1 of a small one. */
  readonly etag: string | undefined;
  readonly commit: string | undefined;
  readonly size: number | undefined;
}

const MOST_REDIRECTS = 10;

/** The address of a file. */
export function fileUrl({ endpoint, id, revision }: Connection, file: string): string {
  const path = file.split('/').map(encodeURIComponent).join('/');
  return `${endpoint}/${id}/resolve/${encodeURIComponent(revision)}/${path}`;
}

/**
 * Asks for `url`, following redirects by hand, so that the token stays with the hub and the headers
 * on its redirect to the storage are seen: they, not the storage's, name the content.
 *
 * Throws when the hub refuses (401, 403, ...) and when the signal aborts.
 * @param known the ETag of the copy at hand, if any.
 */
export async function ask(
  hub: Connection,
  url: string,
  known?: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  let version: Version = { etag: undefined, commit: undefined, size: undefined };
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const response = await get(hub, url, known, headers);
    if (response instanceof Error) return { kind: 'failed', why: response };
    version = readVersion(response, version);
    const next = redirectOf(response, url);
    const etag = version.etag ?? (next === undefined ? tagOf(response, 'etag') : undefined);
    const same = response.status === 304 || (response.status < 400 && etag === known);
    if (known !== undefined && same) {
      await discard(response);
      return { kind: 'unchanged' };
    }
    if (next === undefined)
      return judge(hub, url, response, { ...version, etag }, 'range' in headers);
    await discard(response);
    url = next;
  }
  throw new Error(`${url}: more than ${MOST_REDIRECTS} redirects, expected a file`);
}

async function get(
  hub: Connection,
  url: string,
  known: string | undefined,
  extra: Readonly<Record<string, string>>,
): Promise<Response | Error> {
  hub.signal?.throwIfAborted();
  // A compressed body could neither be measured nor resumed. Browsers ignore this header.
  const headers: Record<string, string> = { 'accept-encoding': 'identity', ...extra };
  if (isHub(hub, url)) {
    if (hub.token !== undefined) headers['authorization'] = `Bearer ${hub.token}`;
    if (known !== undefined) headers['if-none-match'] = `"${known}"`;
  }
  const { fetch } = hub; // so that it is called without `this`
  const init = { headers, ...(hub.signal && { signal: hub.signal }) };
  try {
    const response = await fetch(url, { ...init, redirect: 'manual' });
    // A browser hides redirects; it follows them itself and drops the token at another origin.
    if (response.type !== 'opaqueredirect') return response;
    return await fetch(url, { ...init, redirect: 'follow' });
  } catch (error) {
    hub.signal?.throwIfAborted();
    return new Error(`${url}: no answer (${messageOf(error)})`, { cause: error });
  }
}

/** Whether the hub itself answers at `url`, and not a storage it redirects to. */
function isHub(hub: Connection, url: string): boolean {
  return new URL(url).origin === new URL(hub.endpoint).origin;
}

function readVersion(response: Response, before: Version): Version {
  const size = Number(response.headers.get('x-linked-size') ?? NaN);
  return {
    etag: tagOf(response, 'x-linked-etag') ?? before.etag,
    commit: response.headers.get('x-repo-commit') ?? before.commit,
    size: Number.isSafeInteger(size) && size >= 0 ? size : before.size,
  };
}

/**
 * The text of an ETag, strong or weak: W/"text". One that could not name a file is as good as none.
 */
function tagOf(response: Response, header: string): string | undefined {
  return /^(?:W\/)?"?([\w.:+/=-]{1,80})"?$/.exec(response.headers.get(header) ?? '')?.[1];
}

function redirectOf(response: Response, url: string): string | undefined {
  const location = response.headers.get('location');
  if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return undefined;
  const next = new URL(location, url);
  const safe = next.protocol === 'https:' || (next.protocol === 'http:' && url.startsWith('http:'));
  if (!safe) throw new Error(`${url}: redirected to ${next.href}, expected an https address`);
  return next.href;
}

async function judge(
  hub: Connection,
  url: string,
  response: Response,
  version: Version,
  ranged: boolean,
): Promise<Answer> {
  const { status } = response;
  if (status === 200 || (ranged && (status === 206 || status === 416)))
    return { kind: 'found', response, url, version };
  await discard(response);
  const reason = response.headers.get('x-error-code') ?? undefined;
  // A storage's 404 or 403 means a stale address, not a missing file or a bad token.
  const fromHub = reason !== undefined || isHub(hub, url);
  const refusal = fromHub ? refusalOf(hub, status, reason) : undefined;
  if (status === 404 && fromHub && refusal === undefined) return { kind: 'missing' };
  const error = new Error(refusal ?? `${url}: status ${status}, expected 200`);
  if (status >= 500 || status === 429 || status === 408) return { kind: 'failed', why: error };
  throw error;
}

/** Why the hub gives nothing of this model, in HF's words where it has some. */
function refusalOf(
  hub: Connection,
  status: number,
  reason: string | undefined,
): string | undefined {
  if (reason === 'RevisionNotFound')
    return (
      `${hub.revision} is not a valid git identifier (branch name, tag name or commit id) that exists ` +
      `for this model name. Check the model page at '${hub.endpoint}/${hub.id}' for available revisions.`
    );
  // The hub answers 401 for a model that does not exist, too.
  if (status !== 401 && status !== 403 && reason !== 'RepoNotFound') return undefined;
  return (
    `${hub.id} is not a local folder, and ${hub.endpoint} answered ${status} (${reason ?? 'no reason given'}): ` +
    (hub.token === undefined
      ? 'if it is a private or gated model, pass a token that may read it, as the option `token`'
      : 'expected the given token to be valid and to have permission to read this model')
  );
}

/** Lets go of a body that nobody will read, so that its connection is free. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}

/** What went wrong in a fetch: its own message is "fetch failed", the cause says more. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}

/** How often to ask while the network or the server fails, and the first pause in ms. */
export interface Retry {
  readonly attempts: number;
  readonly pause: number;
}

export const RETRY: Retry = { attempts: 5, pause: 500 };

/** Counts attempts from 1, with a pause before all but the first, each twice as long. Throws when the signal aborts. */
export async function* attemptsOf({ attempts, pause }: Retry, signal: AbortSignal | undefined) {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (attempt > 1) await sleep(pause * 2 ** (attempt - 2), signal);
    yield attempt;
  }
}

function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
