// A fetch that connects to public addresses alone: names are resolved first, and what is connected to is what was judged, so
// that a name which resolves to another address a moment later changes nothing. Only GET. Not in pages: there
// no-public-fetch.ts stands for it.
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { hasFileSystem, node } from '@siglip-ts/hub/node';
import { isPublicAddress } from './public-addresses.ts';

/** Whether it can be done here. */
export const resolvesNames = (): boolean => hasFileSystem();

interface Address {
  readonly address: string;
  readonly family: number;
}

/** Names that are the machine's or its network's, whatever they resolve to; a name without a dot is one. */
const LOCAL = /^[^.:]*$|(^|\.)(localhost|local|internal|intranet|lan|home\.arpa)$/;

/** Where a host is. Throws Error if it is, also, at an address that is not public. */
async function addressesOf(hostname: string): Promise<Address[]> {
  const name = hostname.replace(/^\[|\]$|\.+$/g, '').toLowerCase();
  const refused = () => new Error('not a public address, and images.private is false'); // where it is, is nobody's business
  if (LOCAL.test(name)) throw refused();
  const found = await node('node:dns/promises').lookup(name, { all: true });
  if (found.length === 0 || !found.every(({ address }) => isPublicAddress(address)))
    throw refused();
  return found.sort((a, b) => a.family - b.family); // IPv6 is more often announced than routed
}

/** Throws Error where a host is not at public addresses alone. */
export async function expectPublic(hostname: string): Promise<void> {
  await addressesOf(hostname);
}

/** As fetch with `redirect: 'manual'`. */
export async function publicFetch(
  url: string | URL | Request,
  init?: RequestInit,
): Promise<Response> {
  const at = new URL(String(url));
  if (!/^https?:$/.test(at.protocol))
    throw new TypeError(`${at.protocol} is the scheme, expected http or https`);
  if (at.username || at.password) throw new TypeError('a name and password, expected none');
  let failure: unknown;
  for (const address of await addressesOf(at.hostname))
    try {
      return responseOf(await get(at, address, init?.signal ?? undefined));
    } catch (error) {
      failure = error; // after an abort, at once for the others too
    }
  throw failure;
}

function get(
  url: URL,
  { address, family }: Address,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  const { request } = node(url.protocol === 'https:' ? 'node:https' : 'node:http');
  const isAddress = url.hostname.includes(':') || url.hostname === address;
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: address,
        family,
        port: url.port,
        path: url.pathname + url.search,
        // Whose certificate it has to be: the name's, which the connection does not know otherwise.
        servername: isAddress ? '' : url.hostname.replace(/\.$/, ''),
        headers: { host: url.host, accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'siglip-ts' }, // prettier-ignore
        agent: false, // A proxy would connect where it wants.
        ...(signal && { signal }),
      },
      resolve,
    );
    asked.on('error', reject);
    asked.end();
  });
}

function responseOf(message: IncomingMessage): Response {
  const headers = new Headers();
  for (let i = 0; i < message.rawHeaders.length; i += 2)
    headers.append(message.rawHeaders[i]!, message.rawHeaders[i + 1]!);
  const status = message.statusCode!;
  const empty = [204, 205, 304].includes(status);
  if (empty) message.resume();
  const body = empty ? null : streamOf(decoded(message));
  return new Response(body, { status, headers });
}

/** Not by Readable.toWeb: Deno's throws, where nobody can catch it, when its reader stops in the middle. */
function streamOf(body: Readable): ReadableStream<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void body.destroy(),
  });
}

/** The body without its content encoding: some servers send one though none is asked for. */
function decoded(message: IncomingMessage): Readable {
  const encoding = message.headers['content-encoding']?.toLowerCase();
  const zlib = node('node:zlib');
  const makers = {
    gzip: zlib.createGunzip,
    'x-gzip': zlib.createGunzip,
    deflate: zlib.createInflate,
    br: zlib.createBrotliDecompress,
  };
  if (encoding === undefined || !Object.hasOwn(makers, encoding)) return message;
  // Who reads it sees what fails.
  return node('node:stream').pipeline(message, makers[encoding as keyof typeof makers](), () => {});
}
