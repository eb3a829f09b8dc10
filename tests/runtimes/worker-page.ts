// The program for browsers that has its model in a worker: classifies pictures of several kinds there, and posts the scores
// and how an abort ended.
import { pipeline } from 'siglip-ts/worker';
import { MODEL, MODEL_FILES } from './classify.ts';

const bytes = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer());
const PHOTO = '/fixtures/images/cat.jpg';
const LABELS = ['cat', 'dog'];

async function answer(): Promise<unknown> {
  const files = MODEL_FILES.map(async (name) => [name, await bytes(`/${MODEL}/${name}`)] as const);
  const model = new Map(await Promise.all(files));
  const statuses = new Set<string>();
  const classify = await pipeline('zero-shot-image-classification', model, {
    progress_callback: ({ status }) => void statuses.add(status),
  });
  const photo = await bytes(PHOTO);
  const pictures = [
    photo,
    new Blob([photo]),
    new URL(PHOTO, location.href),
    PHOTO.slice(1), // relative: to the page, and not to the worker's script
  ];
  const scores = await classify(pictures, LABELS);
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
  canvas.getContext('2d')!.fillRect(0, 0, 32, 48);
  const drawn = await classify(canvas, LABELS);
  const { data, width, height } = canvas.getContext('2d')!.getImageData(0, 0, 64, 48);
  const pixels = await classify({ data, width, height }, LABELS);
  const controller = new AbortController();
  const aborted = classify(Array<Uint8Array>(50).fill(photo), LABELS, {
    signal: controller.signal,
    on_image: () => controller.abort(new Error('enough')),
  }).catch(String);
  const result = {
    scores,
    canvas: JSON.stringify(drawn) === JSON.stringify(pixels),
    kept: photo.length > 0 && data.length > 0,
    aborted: await aborted,
    after: await classify(photo, LABELS),
    statuses: [...statuses],
  };
  await classify.dispose();
  return { ...result, disposed: await classify(photo, LABELS).catch(String) };
}

const posted = await answer().catch((error: unknown) => ({ error: String(error) }));
await fetch('/answer', { method: 'POST', body: JSON.stringify(posted) });
