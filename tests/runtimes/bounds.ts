// The program for Deno and Bun, and for Node beside them, that shows what is refused: pictures without end, a server that says
// nothing, what no stranger may reach. Prints what became of each as JSON; a public address leads to the server here.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { loadImage, type LoadImageOptions } from 'siglip-ts';

const rocket = readFileSync('fixtures/images/twemoji-rocket.png');
const zeros = Buffer.alloc(2 ** 20);
const answers: Record<string, http.RequestListener> = {
  '/rocket': (_, response) => void response.end(rocket),
  '/folded': (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(rocket)), // prettier-ignore
  '/bomb': (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(160 * 2 ** 20))), // prettier-ignore
  '/endless': (_, response) => {
    const go = (): void => {
      while (!response.destroyed && response.write(zeros));
      if (!response.destroyed) response.once('drain', go);
    };
    go();
  },
  '/silent': () => {},
  '/half': (_, response) => void response.write('a'),
  '/inwards': (_, response) => void response.writeHead(302, { location: `${here}/rocket` }).end(),
};
const server = http.createServer((request, response) => {
  response.on('error', () => {});
  answers[request.url!]!(request, response);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
const here = `http://127.0.0.1:${port}`;

const dns = process.getBuiltinModule('node:dns/promises') as { lookup: unknown };
const resolving = dns.lookup;
const connecting = process.getBuiltinModule('node:http') as { request: unknown };
const own = http.request;
const internet = (): void => {
  dns.lookup = async (name: string) => [
    { address: name === 'example.org' ? '8.8.8.8' : name, family: 4 },
  ];
  connecting.request = (o: http.RequestOptions, done: () => void) => own({ ...o, host: '127.0.0.1', port }, done); // prettier-ignore
};

const became: Record<string, string> = {};
async function load(image: string, o: LoadImageOptions = {}): Promise<void> {
  const name = `${o.images?.private === false ? 'public ' : ''}${image.replace(here, '')}`;
  became[name] = await loadImage(image, { silence: 0.5, ...o }).then(
    ({ width }) => String(width),
    (error: Error) => error.message.replaceAll(here, ''),
  );
}
for (const path of Object.keys(answers)) await load(here + path);
await load('/dev/zero');
const images = { private: false };
for (const host of ['127.0.0.1', 'localhost', '[::1]', '0x7f.1', 'metadata.google.internal'])
  await load(`http://${host}/rocket`, { images });
internet();
for (const path of Object.keys(answers)) await load(`http://example.org${path}`, { images });
dns.lookup = resolving;
connecting.request = own;
console.log(JSON.stringify(became));
process.exit(0);
