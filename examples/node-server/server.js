// An HTTP service that says which labels fit a picture: POST /classify?labels=rocket,pizza
import { createServer } from 'node:http';
import { pipeline } from 'siglip-ts';

const MAX_BYTES = 10e6;
const MAX_LABELS = 100;

// One pipeline for all requests: it also remembers the labels it has seen.
const classify = await pipeline('zero-shot-image-classification', process.env.MODEL);

class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new HttpError(413, `the picture has more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) throw new HttpError(400, 'no picture: send its bytes as the body');
  return Buffer.concat(chunks);
}

function labelsOf(url) {
  const labels = (url.searchParams.get('labels') ?? '').split(',').map((label) => label.trim());
  const given = labels.filter(Boolean);
  if (given.length === 0) throw new HttpError(400, 'no labels: add ?labels=rocket,pizza');
  if (given.length > MAX_LABELS) throw new HttpError(400, `more than ${MAX_LABELS} labels`);
  return given;
}

async function answer(request) {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/health') return { status: 'ok' };
  if (url.pathname !== '/classify') throw new HttpError(404, `nothing at ${url.pathname}`);
  if (request.method !== 'POST') throw new HttpError(405, `${request.method}: expected POST`);
  const labels = labelsOf(url);
  const picture = await bodyOf(request);
  // What fails from here on is the picture: broken, or of a format that Node does not decode.
  return classify(picture, labels).catch((error) => {
    throw new HttpError(422, error.message);
  });
}

const server = createServer(async (request, response) => {
  let status = 200;
  let body;
  try {
    body = await answer(request);
  } catch (error) {
    status = error.status ?? 500;
    body = { error: status === 500 ? 'internal error' : error.message };
    if (status === 500) console.error(error);
    if (!request.complete) response.setHeader('connection', 'close'); // the rest is not read
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});

server.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}/classify`);
});

// Requests that have begun are answered; then the model goes, and with nothing left to do the process ends.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => server.close(() => classify.dispose()));
