// A folder as a site, and what a page of it found out: the page posts one answer to /answer. Files come from sirv.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import sirv from 'sirv';

export interface Site {
  readonly origin: string;
  /** What the next page posts. */
  answer(): Promise<unknown>;
  close(): void;
}

/** Serves a folder with these headers, or what `files` serves, which a bundler's server may do itself. */
export async function serve(
  folder: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const files = sirv(folder, {
    dev: true,
    setHeaders(response) {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    },
  });
  let hear: (answer: unknown) => void = () => {};
  const respond: RequestListener = (request, response) => {
    if (request.url !== '/answer') return files(request, response);
    // A page of an extension, or of a bundler's own server, is of another origin.
    response.setHeader('access-control-allow-origin', '*');
    void json(request).then((answer) => {
      response.end();
      hear(answer);
    });
  };
  const server = createServer(respond);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    answer: () => new Promise((resolve) => (hear = resolve)),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
