// The program of a page that has pictures of every kind, and of its worker: what loadImage makes of each. Posts the
// sizes and hashes, which are judged where Node's are known.
import { type ImageInput, loadImage } from 'siglip-ts';
import type { Row } from '../siglip/pipelines/formats.ts';

/** "33x21 HASH", or the error's text. */
export type Found = Readonly<Record<string, string>>;
export interface Pictures {
  /** All of the same opaque picture, so that drawn pixels are exact, too. */
  readonly inputs: Found;
  /** Of pictures of their own. */
  readonly others: Found;
  readonly refused: Found;
  readonly formats: Found;
  readonly worker: Found;
}

/** An opaque JPEG, and a PNG with colours under its alpha. */
const [JPEG, PNG] = ['/fixtures/images/astronaut-444.jpg', '/fixtures/images/cat-alpha.png'];

async function described(image: ImageInput | Promise<ImageInput>): Promise<string> {
  try {
    const { width, height, data } = await loadImage(await image);
    const hash = await crypto.subtle.digest('SHA-256', new Uint8Array(data));
    return `${width}x${height} ${[...new Uint8Array(hash)].map((b) => b.toString(16).padStart(2, '0')).join('')}`;
  } catch (error) {
    return String(error);
  }
}

const SVG =
  'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4"><rect width="8" height="4" fill="red"/></svg>';

type Cases = Readonly<Record<string, () => ImageInput | Promise<ImageInput>>>;

async function found(cases: Cases): Promise<Found> {
  const results: Record<string, string> = {};
  for (const [name, make] of Object.entries(cases)) {
    const image = (async () => make())();
    results[name] = await described(image);
  }
  return results;
}

const bytes = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());
const blob = await (await fetch(JPEG)).blob();
const base64 = async () => {
  const text = Array.from(await bytes(JPEG), (b) => String.fromCharCode(b)).join('');
  return btoa(text);
};

/** What a worker has, too. */
const anywhere: Cases = {
  'Blob': () => blob,
  'absolute URL': () => new URL(JPEG, location.href).href,
  '/path': () => JPEG,
  './path': () => `.${JPEG}`,
  'path': () => JPEG.slice(1),
  'path with a query': () => `${JPEG.slice(1)}?v=2#top`,
  'blob: URL': () => URL.createObjectURL(blob),
  'Response': () => fetch(JPEG),
  'base64, which begins with a slash': base64,
  'data URL': async () => `data:image/jpeg;base64,${await base64()}`,
  'ImageBitmap': () => createImageBitmap(blob),
  'OffscreenCanvas': async () => (await painted()).canvas,
  'canvas with a bitmaprenderer': async () => {
    const bitmap = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext('bitmaprenderer')!.transferFromImageBitmap(bitmap);
    return canvas;
  },
  'ImageData': async () => {
    const { context, canvas } = await painted();
    return context.getImageData(0, 0, canvas.width, canvas.height) as ImageInput;
  },
  'VideoFrame': async () => new VideoFrame((await painted()).canvas, { timestamp: 0 }),
}; // prettier-ignore

async function painted() {
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  return { canvas, context };
}

if (typeof document === 'undefined') {
  self.postMessage(await found(anywhere));
} else {
  await fetch('/answer', { method: 'POST', body: JSON.stringify(await inPage()) });
}

async function inPage(): Promise<Pictures> {
  const img = (properties: Partial<HTMLImageElement>) => Object.assign(new Image(), properties);
  const loaded = async (properties: Partial<HTMLImageElement>) => {
    const image = img(properties);
    await new Promise((resolve) => (image.onload = image.onerror = resolve));
    return image;
  };
  const inputs: Cases = {
    ...anywhere,
    '<img>': () => loaded({ src: JPEG }),
    '<img> that still loads': () => img({ src: `${JPEG}?slow` }),
    '<img> that is lazy and out of sight': () => {
      const image = img({ loading: 'lazy', src: `${JPEG}?lazy` });
      image.style.marginTop = '99999px';
      document.body.append(image);
      return image;
    },
    '<img> with a srcset': () => loaded({ srcset: `${JPEG}?1 1x, ${JPEG}?2 2x` }),
    '<img> of a URL that was revoked': async () => {
      const src = URL.createObjectURL(blob);
      const image = await loaded({ src });
      URL.revokeObjectURL(src);
      return image;
    },
    '<canvas>': async () => {
      const { canvas } = await painted();
      const shown = document.createElement('canvas');
      Object.assign(shown, { width: canvas.width, height: canvas.height });
      shown.getContext('2d')!.drawImage(canvas, 0, 0);
      return shown;
    },
  };
  const other = `http://127.0.0.1:${location.port}`;
  const refused: Cases = {
    'a path that is not there': () => '/no/such.png',
    'a page': () => '/pictures',
    '<img> without src': () => img({}),
    '<img> that is broken': () => img({ src: '/no/such.png' }),
    '<img> of another origin': () => loaded({ src: other + JPEG }),
    'canvas with pixels of another origin': async () => {
      const canvas = document.createElement('canvas');
      canvas.getContext('2d')!.drawImage(await loaded({ src: other + JPEG }), 0, 0);
      return canvas;
    },
    'canvas of no size': () => new OffscreenCanvas(0, 0),
    'ImageBitmap that was closed': async () => {
      const bitmap = await createImageBitmap(blob);
      bitmap.close();
      return bitmap;
    },
    '<video> without a frame': () => document.createElement('video'),
    'damaged WebP': async () => new Blob([(await fileOf('webp-lossy')).slice(0, 40)]),
  };
  const file = await bytes('/fixtures/image/platform.bin');
  const { files } = (await (await fetch('/fixtures/image/platform.json')).json()) as {
    files: Row[];
  };
  const fileOf = async (name: string) => {
    const { offset, length } = files.find((row) => row.name === name)!;
    return file.slice(offset, offset + length);
  };
  const formats = Object.fromEntries(files.map(({ name }) => [name, () => fileOf(name)]));
  const others: Cases = {
    '<img> of a PNG with alpha': () => loaded({ src: PNG }),
    '<video>': video,
    '<img> of SVG': () => loaded({ src: SVG }),
    'WebGL canvas': webgl,
  };
  return {
    inputs: await found(inputs),
    refused: await found(refused),
    others: await found(others),
    formats: await found(formats),
    worker: await new Promise((resolve) => {
      const worker = new Worker('/pictures-page.js', { type: 'module' });
      worker.onmessage = (event: MessageEvent<Found>) => resolve(event.data);
      worker.onerror = (event) => resolve({ error: event.message });
    }),
  };
}

/** A video of one colour, from a canvas. */
async function video(): Promise<HTMLVideoElement> {
  const canvas = Object.assign(document.createElement('canvas'), { width: 8, height: 4 });
  const context = canvas.getContext('2d')!;
  context.fillRect(0, 0, 8, 4);
  const element = Object.assign(document.createElement('video'), {
    muted: true,
    srcObject: canvas.captureStream(),
  });
  const timer = setInterval(() => context.fillRect(0, 0, 8, 4), 20); // a frame each
  await element.play();
  clearInterval(timer);
  return element;
}

/** A canvas of one colour that has no 2d context, and whose pixels are gone after this task. */
function webgl(): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width: 8, height: 4 });
  const gl = canvas.getContext('webgl');
  if (!gl) throw new Error('no WebGL');
  gl.clearColor(1, 0, 0, 1);
  gl.clear(gl.COLOR_BUFFER_BIT);
  return canvas;
}
