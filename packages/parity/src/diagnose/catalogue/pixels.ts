// Mistakes between a picture and pixel_values.
import { type RawImage, resizePillow } from '@siglip-ts/image';
import type { Mistake, Pixels } from './mistake.ts';
import { cropped, resized, type ResizeOptions } from './resize.ts';

const pixels = (m: Omit<Mistake, 'stage' | 'towers'>): Mistake => ({
  stage: 'pixels',
  towers: ['vision'],
  ...m,
});

const by =
  (o: ResizeOptions) =>
  (picture: RawImage, { width, height }: Pixels): RawImage =>
    resized(picture, width, height, o);

/** As CLIPImageProcessor: the shortest edge to the target, the other in proportion, cut off. */
function shortestEdge(picture: RawImage, { width, height }: Pixels): RawImage {
  const short = Math.min(width, height);
  const { width: w, height: h } = picture;
  const size =
    w <= h
      ? { width: short, height: Math.trunc((short * h) / w) }
      : { width: Math.trunc((short * w) / h), height: short };
  return cropped(resizePillow(picture, size), width, height);
}

/** Which pass Pillow 13 takes first; its complement is the mistake. */
const downFirst = (p: RawImage, o: Pixels): boolean =>
  o.height < p.height && p.height - o.height > 2 * (p.width - o.width);

const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

export const PIXEL_MISTAKES: readonly Mistake[] = [
  pixels({
    name: 'center-crop',
    who: 'Camera and vision toolkits that cut the middle square out before they scale.',
    resize(picture, o) {
      const side = Math.min(picture.width, picture.height);
      return resizePillow(cropped(picture, side, side), o);
    },
  }),
  pixels({
    name: 'resize-shortest-edge-crop',
    who: "CLIP's preprocessing, carried over: resize the shortest edge, then crop the centre.",
    resize: shortestEdge,
  }),
  pixels({
    name: 'bilinear-resize',
    who: "Ports that take SigLIP 2's resample (2) for SigLIP's (3), or torchvision's default.",
    resize: (picture, o) => resizePillow(picture, o, { filter: 'bilinear' }),
  }),
  pixels({
    name: 'nearest-resize',
    who: 'Ports without a resampler, and image libraries whose default is nearest.',
    resize: by({ kind: 'nearest' }),
  }),
  pixels({
    name: 'no-antialias',
    who: "torch's interpolate without antialias, and OpenCV's INTER_CUBIC: both look at four samples only.",
    resize: by({ kind: 'bicubic', a: -0.75, antialias: false, rounds: false }),
  }),
  pixels({
    name: 'bicubic-a-0.75',
    who: "An antialiased resize written with OpenCV's constant instead of Pillow's -0.5.",
    resize: by({ kind: 'bicubic', a: -0.75 }),
  }),
  pixels({
    name: 'resize-pass-order',
    who: 'Pillow before 13 and ports of it: the two passes in the other order, rounded to bytes between.',
    resize: (picture, o) =>
      resized(picture, o.width, o.height, { kind: 'bicubic', downFirst: !downFirst(picture, o) }),
  }),
  pixels({
    name: 'bgr',
    who: 'OpenCV, whose imread gives blue, green, red.',
    channels: [2, 1, 0],
  }),
  pixels({
    name: 'normalize-twice',
    who: 'A processor in front of a model whose port normalises too.',
    number: (v, c, o) => (scaled(v, c, o) - o.mean[c]!) / o.std[c]!,
  }),
  pixels({
    name: 'no-normalize',
    who: "torchvision's ToTensor and nothing after it: values 0 to 1.",
    number: (v) => v / 255,
  }),
  pixels({
    name: 'imagenet-mean-std',
    who: "timm's and torchvision's default normalisation.",
    number: (v, c) => (v / 255 - IMAGENET.mean[c]!) / IMAGENET.std[c]!,
  }),
  pixels({
    name: 'range-0-255',
    who: 'Bytes given to the model as they are.',
    number: (v) => v,
  }),
  pixels({
    name: 'range-0-255',
    who: 'do_rescale false with the normalisation left on.',
    number: (v, c, o) => (v - o.mean[c]!) / o.std[c]!,
  }),
];

/** The right number of a byte. */
export const scaled = (v: number, c: number, o: Pixels): number =>
  (v / 255 - o.mean[c]!) / o.std[c]!;
