// From pictures to pixel_values, as the reference and as mistakes have it.
import type { SiglipVisionConfig } from '@siglip-ts/core';
import { type RawImage, resizePillow } from '@siglip-ts/image';
import type { Mistake, Numbers } from '../catalogue/mistake.ts';
import { scaled } from '../catalogue/pixels.ts';
import type { Inputs, Subject } from './subject.ts';

type Resize = NonNullable<Mistake['resize']>;

/** The pictures at the model's size, by how they were resized: most mistakes share one way. */
export type Resized = Map<Resize | undefined, readonly RawImage[]>;

/** pixel_values of the pictures, or the given ones, as the mistakes have them. */
export function pixelValues(
  subject: Subject,
  { pictures, pixel_values }: Inputs,
  mistakes: readonly Mistake[],
  known: Resized = new Map(),
): Numbers {
  const o = subject.pixels;
  const resize = mistakes.find((m) => m.resize)?.resize;
  const number = mistakes.find((m) => m.number)?.number ?? scaled;
  const channels = mistakes.find((m) => m.channels)?.channels ?? [0, 1, 2];
  if (!pictures) {
    if (channels.join() === '0,1,2' && number === scaled) return pixel_values!;
    return renumbered(
      pixel_values!,
      (v, c) => number((v * o.std[c]! + o.mean[c]!) * 255, c, o),
      channels,
    );
  }
  const usual: Resize = (picture) => right(subject, picture);
  const small = known.get(resize) ?? pictures.map((picture) => (resize ?? usual)(picture, o));
  known.set(resize, small);
  const n = o.height * o.width;
  const data = new Float64Array(small.length * 3 * n);
  small.forEach(({ data: bytes }, i) => {
    for (let c = 0; c < 3; c++)
      for (let at = 0; at < n; at++)
        data[(i * 3 + c) * n + at] = Math.fround(number(bytes[at * 3 + channels[c]!]!, c, o));
  });
  return { data, shape: [small.length, 3, o.height, o.width] };
}

/** The bytes that the named processor makes of a picture before it counts with them; without one, Pillow's bicubic. */
function right({ processor, pixels }: Subject, picture: RawImage): RawImage {
  if (!processor) return resizePillow(picture, pixels);
  const bytesAlone = { do_rescale: false, do_normalize: false };
  const [image] = processor(picture, bytesAlone).pixel_values;
  const [, height, width] = image!.shape as [number, number, number];
  const n = height * width;
  const data = Uint8Array.from({ length: 3 * n }, (_, i) => image!.data[(i % 3) * n + Math.floor(i / 3)]!); // prettier-ignore
  return { mode: 'RGB', width, height, data };
}

function renumbered(
  { shape, data }: Numbers,
  change: (v: number, c: number) => number,
  channels: readonly number[],
): Numbers {
  const [B, C, H, W] = shape as [number, number, number, number];
  if (C !== 3) return { shape, data };
  const n = H * W;
  const out = data.map((_, i) => {
    const [b, c, at] = [Math.floor(i / (C * n)), Math.floor(i / n) % C, i % n];
    return b < B ? change(data[(b * C + channels[c]!) * n + at]!, c) : 0;
  });
  return { shape, data: out };
}

/** Whether the pictures have another size than the model's. */
export const interpolates = (c: SiglipVisionConfig, { shape }: Numbers): boolean =>
  Math.floor(shape[2]! / c.patch_size) !== Math.floor(c.image_size / c.patch_size) ||
  Math.floor(shape[3]! / c.patch_size) !== Math.floor(c.image_size / c.patch_size);
