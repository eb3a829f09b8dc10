// Where the internet is not: what the server's process has in place of it, loaded before the server. Names of example.org are at
// public addresses or at private ones; a public one leads to the picture server of the test (PICTURES), and a connection to any
// other is told, since there must be none.
import dns from 'node:dns/promises';
import http from 'node:http';

const PUBLIC = '93.184.216.34';
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'pictures.example.org': [PUBLIC],
  'inner.example.org': ['10.0.0.1'],
  'metadata.example.org': ['169.254.169.254'],
  'both.example.org': [PUBLIC, '127.0.0.1'],
  'six.example.org': ['::1'],
};

const lookup = async (name: string): Promise<unknown> => {
  const found = NAMES[name];
  if (found) return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
};
const { request } = http;
const asked = (o: http.RequestOptions, done: (message: http.IncomingMessage) => void) => {
  if (o.host !== PUBLIC) process.send!(`reached ${o.host}`);
  return request({ ...o, host: '127.0.0.1', port: process.env['PICTURES'] }, done);
};
Object.assign(dns, { lookup });
Object.assign(http, { request: asked });
