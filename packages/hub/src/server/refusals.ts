// What it means that a server gave no file: that there is none, that it refuses, that it may give it later; in HF's words
// where it has some.
import { isSilence } from '../reading/silence.ts';
import { environment } from '../runtime/environment.ts';
import type { Failed, Missing } from './answer.ts';
import type { Connection } from './connection.ts';

interface Refusal {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly commit: string | undefined;
}

/** An answer of another status than was hoped for. Throws where another attempt would not help. */
export async function refused(remote: Connection, refusal: Refusal): Promise<Missing | Failed> {
  const { url, status, headers, commit } = refusal;
  const reason = headers.get('x-error-code') ?? undefined;
  // A storage's 404 or 403 means a stale address, not a missing file or a bad token.
  const itsOwn =
    !remote.hub || reason !== undefined || new URL(url).origin === new URL(remote.origin).origin;
  const denial = remote.hub && itsOwn ? await denialOf(remote, status, reason) : undefined;
  if (denial !== undefined) throw new Error(denial);
  // Some storages, S3 among them, answer 403 for what is not there.
  if (itsOwn && [403, 404, 410].includes(status))
    return { kind: 'missing', why: `${url} answered ${status}`, commit, certain: status !== 403 };
  if (status === 429 || status === 503) return later(remote, refusal);
  const why = new Error(`${url}: status ${status}, expected 200`);
  if (status >= 500 || status === 408) return { kind: 'failed', why };
  throw why;
}

/** Why the hub gives nothing of this model. */
async function denialOf(
  { name, hub, revision, token }: Connection,
  status: number,
  reason: string | undefined,
): Promise<string | undefined> {
  if (reason === 'RevisionNotFound')
    return (
      `${revision} is not a valid git identifier (branch name, tag name or commit id) that exists ` +
      `for this model name. Check the model page at '${hub!.endpoint}/${name}' for available revisions.`
    );
  const noEntry = reason === undefined || reason === 'EntryNotFound';
  // The hub answers 401 for a model that does not exist, too.
  if (status !== 401 && !(status === 403 && !noEntry) && reason !== 'RepoNotFound')
    return undefined;
  const sent = await token();
  return (
    `${name} is not a local folder, and ${hub!.endpoint} answered ${status} (${reason ?? 'no reason given'}): ` +
    (sent === undefined
      ? 'if it is a private or gated model, pass a token that may read it, as the option `token` or in $HF_TOKEN'
      : `expected the given token to be valid and to have permission to read this model; it is that of ${sent.from}`)
  );
}

/** The server is busy, or we ask too often. */
async function later(remote: Connection, { url, status, headers }: Refusal): Promise<Failed> {
  const seconds = secondsOf(headers);
  const { host } = new URL(url);
  const what = status === 429 ? `rate limited by ${host}` : `${host} is not available`;
  const when = seconds === undefined ? 'later' : `in ${seconds} s`;
  const help = status === 429 && remote.hub && !(await remote.token()) ? ', or pass a token' : '';
  const why = new Error(
    `${what}, try again ${when}${help} (${url}: status ${status}, expected 200)`,
  );
  return { kind: 'failed', why, ...(seconds !== undefined && { after: seconds * 1000 }) };
}

/** How long to stay away: Retry-After in seconds or as a date, or the hub's RateLimit: "api";r=0;t=30. */
function secondsOf(headers: Headers): number | undefined {
  const after = headers.get('retry-after')?.trim();
  if (after && /^\d+$/.test(after)) return Number(after);
  const date = Date.parse(after ?? '');
  if (!Number.isNaN(date)) return Math.max(0, Math.ceil((date - Date.now()) / 1000));
  const limits = /;\s*r=0\s*;\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '');
  return limits ? Number(limits[1]) : undefined;
}

const UNREACHABLE = ['ENOTFOUND', 'ECONNREFUSED', 'ETIMEDOUT', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']; // prettier-ignore

/** What a fetch that threw means. */
export async function unreachable(
  remote: Connection,
  url: string,
  error: unknown,
): Promise<Missing | Failed> {
  const silent = isSilence(error);
  if (!silent && (await isWithheld(remote, url))) {
    const why = `${url} answered without the header Access-Control-Allow-Origin for ${location.origin}`;
    return { kind: 'missing', why, commit: undefined, certain: false };
  }
  const code = codeOf(error);
  const hint = UNREACHABLE.includes(code ?? '') && bypassesProxy() ? `\n${PROXY_HINT}` : '';
  const why = new Error(`${url}: no answer (${messageOf(error)})${hint}`, { cause: error });
  return { kind: 'failed', why, ...((silent || code === 'ENOTFOUND') && { hopeless: true }) };
}

/**
 * Whether another origin does answer but keeps it from the page: most likely it has no such file, since servers forget
 * that header on errors.
 */
async function isWithheld({ inPage, hub, fetch, signal }: Connection, url: string) {
  if (!inPage || hub || new URL(url).origin === location.origin) return false;
  const init = { method: 'HEAD', mode: 'no-cors', ...(signal && { signal }) } as const;
  return fetch(url, init).then(() => true, () => false); // prettier-ignore
}

const PROXY_HINT =
  "Node's fetch ignores HTTPS_PROXY unless NODE_USE_ENV_PROXY=1 is set (Node 22.21, 24 or newer); or pass a `fetch` with a dispatcher of undici's";

function bypassesProxy(): boolean {
  const proxies = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];
  return proxies.some(environment) && environment('NODE_USE_ENV_PROXY') === undefined;
}

function codeOf(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause)
    if ('code' in e && typeof e.code === 'string') return e.code;
  return undefined;
}

/** What went wrong in a fetch: its own message is "fetch failed", the cause says more. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
