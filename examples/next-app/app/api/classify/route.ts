import { pipeline } from 'siglip-ts';

const MAX_BYTES = 10e6;

const load = () => pipeline('zero-shot-image-classification');
let loading: ReturnType<typeof load> | undefined;

const refuse = (status: number, error: string) => Response.json({ error }, { status });

/** POST a picture to /api/classify?labels=rocket,pizza */
export async function POST(request: Request) {
  const labels = new URL(request.url).searchParams.get('labels')?.split(',').filter(Boolean);
  if (!labels?.length) return refuse(400, 'no labels: add ?labels=rocket,pizza');
  const length = Number(request.headers.get('content-length'));
  if (!length) return refuse(411, 'no picture, or none of a known length: send its bytes');
  if (length > MAX_BYTES) return refuse(413, `the picture has more than ${MAX_BYTES} bytes`);
  const classify = await (loading ??= load());
  try {
    return Response.json(await classify(await request.arrayBuffer(), labels));
  } catch (error) {
    return refuse(422, (error as Error).message);
  }
}
