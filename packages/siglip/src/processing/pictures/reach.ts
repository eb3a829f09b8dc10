// What a text that names a picture may reach: a server's switch, for texts that strangers write. Which addresses are private
// is known in public-fetch.ts, where names can be resolved.
import { expectPublic, publicFetch, resolvesNames } from '#public-fetch';
import { answerOf, type Patience } from '@siglip-ts/hub/reading';
import { type All, expectKnown } from '../../runtime/options.ts';

/** What paths and addresses of pictures may reach. Without it all, as in Python. `data:` URLs and base64 always are read. */
export interface ImageReach {
  /** Whether files are read: by paths and `file:` URLs. Default: true. */
  readonly paths?: boolean;
  /**
   * The hosts of addresses and of where they redirect: `example.org`, `example.org:8080`, `*.example.org` for those under
   * it; 'none'. Default: all.
   */
  readonly hosts?: readonly string[] | 'none';
  /**
   * Whether addresses that are not public are reached: loopback, private, link-local and reserved ones, judged by what a
   * name resolves to, and connected to as they were judged. Default: true. False needs Node, Deno or Bun: a page cannot
   * resolve names, and has to list hosts. A `fetch` of your own is asked only for names that resolve to public addresses,
   * but resolves them once more.
   */
  readonly private?: boolean;
}

const REACH: All<ImageReach> = { paths: 0, hosts: 0, private: 0 };

/** Throws TypeError for a switch that is none, or none that can be kept here. */
export function expectReach(reach: ImageReach | undefined): void {
  if (reach === undefined) return;
  const { paths, hosts, private: all } = expectKnown('images', reach, REACH);
  for (const [name, value] of Object.entries({ paths, private: all }))
    if (value !== undefined && typeof value !== 'boolean')
      throw new TypeError(`images.${name}: ${JSON.stringify(value)}, expected true or false`);
  const isList = Array.isArray(hosts) && hosts.every((host) => typeof host === 'string');
  if (hosts !== undefined && hosts !== 'none' && !isList)
    throw new TypeError(`images.hosts: ${JSON.stringify(hosts)}, expected names, or 'none'`);
  if (all === false && hosts === undefined && !resolvesNames())
    throw new TypeError(
      'images.private: false, but names cannot be resolved here, as in a page; expected hosts beside it',
    );
}

const MOST_REDIRECTS = 10;

/** What is used of the options of reading. */
interface Fetching {
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly images?: ImageReach | undefined;
}

/** The answer at `url`, which may be reached, as may each address on the way there. */
export async function fetchWithin(
  url: string,
  { fetch: own, images: reach = {} }: Fetching,
  init: RequestInit,
  patience: Patience,
): Promise<Response> {
  const platform = own ?? globalThis.fetch;
  if (reach.hosts === undefined && reach.private !== false && reach.paths !== false)
    return answerOf(platform, url, init, patience);
  const guarded = reach.private === false && resolvesNames();
  const fetch = guarded && !own ? publicFetch : platform;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    expectWithin(new URL(url), reach);
    if (guarded && own) await expectPublic(new URL(url).hostname);
    const answer = await answerOf(fetch, url, { ...init, redirect: 'manual' }, patience);
    const location = answer.headers.get('location');
    const redirected = [301, 302, 303, 307, 308].includes(answer.status) && location !== null;
    if (answer.type === 'opaqueredirect')
      throw new Error(
        'it redirects, and a page cannot see where to, expected a host of images.hosts',
      );
    if (!redirected) return answer;
    await answer.body?.cancel().catch(() => undefined);
    url = new URL(location, url).href;
  }
  throw new Error(`more than ${MOST_REDIRECTS} redirects, expected a picture`);
}

function expectWithin({ protocol, host }: URL, { hosts, paths }: ImageReach): void {
  if (protocol === 'file:' && paths === false) throw new Error('a file, and images.paths is false');
  // A trailing dot changes nothing but the text.
  const plain = host.replace(/\.(?=$|:)/, '');
  if (hosts !== undefined && (hosts === 'none' || !hosts.some((name) => fits(plain, name))))
    throw new Error(`${host} is none of images.hosts`);
}

function fits(host: string, name: string): boolean {
  const listed = name.toLowerCase();
  return listed.startsWith('*.') ? host.endsWith(listed.slice(1)) : host === listed;
}
