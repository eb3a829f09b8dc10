// POST a picture to /?labels=rocket,pizza and get scores as JSON.
import module from '@siglip-ts/backend-wasm/kernels.wasm';
import { tinyModel } from '@siglip-ts/tiny-model/inline';
import { pipeline } from 'siglip-ts';
import { wasm } from 'siglip-ts/wasm';

const MAX_BYTES = 5e6;

// Workers may not compile WebAssembly from bytes, so the kernels come as a module.
const load = async () =>
  pipeline('zero-shot-image-classification', await tinyModel(), {
    backend: await wasm({ module }),
  });

// Kept for later requests: the pipeline itself, since one request may not wait for the promise of another.
let classify: Awaited<ReturnType<typeof load>> | undefined;

const refuse = (status: number, error: string) => Response.json({ error }, { status });

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.method !== 'POST') return refuse(405, `${request.method}: expected POST`);
    const query = new URL(request.url).searchParams.get('labels') ?? '';
    const labels = query.split(',').map((label) => label.trim());
    const given = labels.filter((label) => label !== '');
    if (given.length === 0) return refuse(400, 'no labels: add ?labels=rocket,pizza');
    if (given.length > 100) return refuse(400, 'more than 100 labels');
    const length = Number(request.headers.get('content-length'));
    if (!length) return refuse(411, 'no picture, or none of a known length: send its bytes');
    if (length > MAX_BYTES) return refuse(413, `the picture has more than ${MAX_BYTES} bytes`);
    const picture = await request.arrayBuffer();
    classify ??= await load();
    try {
      return Response.json(await classify(picture, given));
    } catch (error) {
      return refuse(422, (error as Error).message); // broken, or neither PNG nor JPEG
    }
  },
};
