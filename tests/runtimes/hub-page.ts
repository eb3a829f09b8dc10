// The program for pages that load a model from a hub: classifies one picture, or stops the download at a part of it.
import { type LoadOptions, pipeline, type ProgressInfo } from 'siglip-ts';

const query = new URLSearchParams(location.search);
const endpoint = query.get('endpoint')!;
/** The part of the weights at which the download is stopped. */
const stopAt = Number(query.get('stop') ?? Infinity);
const stop = new AbortController();
const warnings: string[] = [];
const progress: number[] = [];
const options: LoadOptions = {
  endpoint,
  signal: stop.signal,
  warn: (message) => void warnings.push(message),
  progress_callback(info: ProgressInfo) {
    if (info.status !== 'progress' || info.file !== 'model.safetensors') return;
    progress.push(info.loaded);
    if (info.progress > 100 * stopAt) stop.abort(new Error('stopped by the page'));
  },
  ...(query.get('cache') === 'false' && { cache: false }),
};

let answer: object;
const began = performance.now();
try {
  const classify = await pipeline('zero-shot-image-classification', 'test/base', options);
  const seconds = { load: (performance.now() - began) / 1000, first: 0 };
  let scores: unknown;
  if (query.get('only') !== 'load') {
    const response = await fetch('/fixtures/images/twemoji-rocket.png');
    const picture = new Uint8Array(await response.arrayBuffer());
    scores = await classify(picture, ['rocket', 'pizza', 'bicycle']);
    seconds.first = (performance.now() - began) / 1000 - seconds.load;
  }
  answer = { scores, warnings, loaded: progress.at(-1), firstProgress: progress[0], seconds };
} catch (error) {
  answer = { error: String(error), warnings, lastProgress: progress.at(-1) };
}
await fetch('/answer', { method: 'POST', body: JSON.stringify(answer) });
