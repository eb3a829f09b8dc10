// One request to where a model lies, through its redirects. Knows the hub's headers; stores nothing. What refusals are
// called is in refusals.ts.
import { answerOf } from '../reading/silence.ts';
import type { Answer, Failed, Missing, Version } from './answer.ts';
import type { Connection } from './connection.ts';
import { refused, unreachable } from './refusals.ts';

/** What is known of a copy at hand. */
export interface Known {
  readonly etag?: string;
  readonly commit?: string;
}

const MOST_REDIRECTS = 10;

/**
 * Asks for `url`, following redirects by hand, so that the token stays with the hub and the headers
 * on its redirect to the storage are seen: they, not the storage's, name the content. A page cannot: there the browser
 * follows, and the storage's headers name it.
 *
 * Throws when the server refuses (401, ...) and when the signal aborts.
 */
export async function ask(
  remote: Connection,
  url: string,
  known: Known = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const ranged = 'range' in headers;
  if (remote.inPage && known.etag !== undefined && !ranged) {
    // A condition in a header would cost a question to other origins first, and reading on after the headers bytes.
    const head = await get(remote, url, {}, {}, 'HEAD');
    const found = 'kind' in head || !head.ok ? NOTHING : versionOf(head, NOTHING, true);
    if (isSame(found, known)) return { kind: 'unchanged', commit: found.commit };
  }
  let version = NOTHING;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const response = await get(remote, url, known, headers);
    if ('kind' in response) return response;
    const next = redirectOf(response, url);
    version = versionOf(response, version, next === undefined);
    if (response.status === 304 || (response.status < 400 && isSame(version, known))) {
      await discard(response);
      return { kind: 'unchanged', commit: version.commit };
    }
    if (next === undefined) return judge(remote, url, response, version, ranged);
    await discard(response);
    url = next;
  }
  throw new Error(`${url}: more than ${MOST_REDIRECTS} redirects, expected a file`);
}

async function get(
  remote: Connection,
  url: string,
  known: Known,
  extra: Readonly<Record<string, string>>,
  method = 'GET',
): Promise<Response | Missing | Failed> {
  const { fetch, signal } = remote; // so that it is called without `this`
  signal?.throwIfAborted();
  const headers: Record<string, string> = { ...extra };
  if (new URL(url).origin === remote.origin) {
    const token = await remote.token();
    if (token !== undefined) headers['authorization'] = `Bearer ${token.value}`;
    if (!remote.inPage) Object.assign(headers, conditionOf(known));
  }
  // A compressed body could neither be measured nor resumed. Browsers allow no such header.
  if (!remote.inPage) headers['accept-encoding'] = 'identity';
  // What is kept is kept once, by us: an answer out of the browser's own cache may also be an old one.
  const how = remote.inPage ? ({ cache: 'no-store' } as const) : ({ redirect: 'manual' } as const);
  const init: RequestInit = { method, headers, ...how };
  const patience = remote.patienceAt(url);
  try {
    const response = await answerOf(fetch, url, init, patience);
    // As a browser's fetch, though this is no page: it hides redirects, and drops the token at another origin.
    if (response.type !== 'opaqueredirect') return response;
    return await answerOf(fetch, url, { ...init, redirect: 'follow' }, patience);
  } catch (error) {
    signal?.throwIfAborted();
    return unreachable(remote, url, error);
  }
}

function conditionOf({ etag }: Known): Record<string, string> {
  if (etag === undefined) return {};
  const date = DATE_TAG.exec(etag)?.[1];
  return date === undefined
    ? { 'if-none-match': `"${etag}"` }
    : { 'if-modified-since': new Date(Number(date)).toUTCString() };
}

/** Stands for an ETag where a server sends only a date. */
const DATE_TAG = /^modified-(\d+)$/;

const NOTHING: Version = { etag: undefined, commit: undefined, size: undefined };

/** @param last whether the answer is the file itself, and no redirect to it. */
function versionOf({ headers }: Response, before: Version, last: boolean): Version {
  const size = Number(headers.get('x-linked-size') ?? NaN);
  const linked = tagOf(headers.get('x-linked-etag')) ?? before.etag;
  return {
    etag: linked ?? (last ? (tagOf(headers.get('etag')) ?? dateTag(headers)) : undefined),
    commit: headers.get('x-repo-commit') ?? before.commit,
    size: Number.isSafeInteger(size) && size >= 0 ? size : before.size,
  };
}

/**
 * The text of an ETag, strong or weak: W/"text". One that could not name a file is as good as none.
 */
function tagOf(header: string | null): string | undefined {
  return /^(?:W\/)?"?([\w.:+/=-]{1,80})"?$/.exec(header ?? '')?.[1];
}

function dateTag(headers: Headers): string | undefined {
  const date = Date.parse(headers.get('last-modified') ?? '');
  return date > 0 ? `modified-${date}` : undefined;
}

/** The commit says less than an ETag: it is only looked at for a copy that has none. */
function isSame({ etag, commit }: Version, known: Known): boolean {
  if (known.etag !== undefined) return etag === known.etag;
  return known.commit !== undefined && commit === known.commit;
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
  remote: Connection,
  url: string,
  response: Response,
  version: Version,
  ranged: boolean,
): Promise<Answer> {
  const { status, headers } = response;
  const { commit } = version;
  const there = status === 200 || (ranged && (status === 206 || status === 416));
  // Servers of pages answer addresses that they do not know with their page; so do networks that ask to log in first.
  const page = /^text\/html\b/.test(headers.get('content-type') ?? '');
  if (there && !page) return { kind: 'found', response, url, version };
  await discard(response);
  if (there) return { kind: 'missing', why: `${url} answered a web page`, commit, certain: false };
  return refused(remote, {
    url: response.redirected ? response.url : url,
    status,
    headers,
    commit,
  });
}

/** Lets go of a body that nobody will read, so that its connection is free. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}
