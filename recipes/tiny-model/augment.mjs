// One view of a picture as pixel_values: moved, turned, in other colours, drawings on other grounds. Deterministic in
// `random`.
import { ART, PHOTO } from './pictures.mjs';

export const SIDE = 64;
const between = (random, a, b) => a + (b - a) * random();

/** [3, 64, 64] in -1 to 1 of a photo: a random crop, mirrored half of the time. */
export function photoView(rgb, random) {
  const side = between(random, 56, PHOTO);
  const [x, y] = [random() * (PHOTO - side), random() * (PHOTO - side)];
  const step = (side - 1) / (SIDE - 1);
  const mirrored = random() < 0.5;
  const view = new Float32Array(3 * SIDE * SIDE);
  const pixel = new Float32Array(3);
  for (let i = 0; i < SIDE; i++)
    for (let j = 0; j < SIDE; j++) {
      const at = mirrored ? SIDE - 1 - j : j;
      sample(rgb, PHOTO, 3, x + at * step, y + i * step, pixel);
      for (let c = 0; c < 3; c++) view[(c * SIDE + i) * SIDE + j] = pixel[c];
    }
  return coloured(view, random);
}

/** [3, 64, 64] of a drawing: scaled, turned, shifted, on a plain ground, a gradient or the crop of a photo. */
export function drawingView(rgba, photos, random) {
  const view = ground(photos, random);
  const scale = ART / SIDE / between(random, 0.7, 1.1); // of the drawing's pixels to the view's
  const stretch = between(random, 0.9, 1.1);
  const angle = random() < 0.5 ? 0 : between(random, -0.3, 0.3);
  const [dx, dy] = [between(random, -6, 6), between(random, -6, 6)];
  const flip = random() < 0.4 ? -1 : 1;
  const [a, b] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  const middle = (SIDE - 1) / 2;
  const pixel = new Float32Array(4);
  for (let i = 0; i < SIDE; i++)
    for (let j = 0; j < SIDE; j++) {
      const [u, v] = [(j - middle - dx) * flip * stretch, (i - middle - dy) / stretch];
      const [x, y] = [(ART - 1) / 2 + a * u - b * v, (ART - 1) / 2 + b * u + a * v];
      if (x <= -1 || y <= -1 || x >= ART || y >= ART) continue;
      sample(rgba, ART, 4, x, y, pixel);
      const alpha = pixel[3] / 255;
      for (let c = 0; c < 3; c++) {
        const at = (c * SIDE + i) * SIDE + j;
        view[at] = pixel[c] + view[at] * (1 - alpha); // the drawing is premultiplied
      }
    }
  return coloured(view, random);
}

/** What is behind a drawing, [3, 64, 64] in 0 to 255. */
function ground(photos, random) {
  const view = new Float32Array(3 * SIDE * SIDE);
  const kind = random();
  const colour = () => Array.from({ length: 3 }, () => random() * 255);
  if (kind < 0.4) return view.fill(255);
  if (kind < 0.85 || photos.length === 0) {
    const [from, to] = [colour(), colour()];
    const plain = kind < 0.65;
    for (let k = 0; k < view.length; k++) {
      const c = Math.floor(k / (SIDE * SIDE));
      const t = plain ? 0 : (k % SIDE) / SIDE;
      view[k] = from[c] + t * (to[c] - from[c]);
    }
    return view;
  }
  const rgb = photos[Math.floor(random() * photos.length)].pixels;
  const [x, y] = [0, 0].map(() => Math.floor(random() * (PHOTO - SIDE + 1)));
  for (let i = 0; i < SIDE; i++)
    for (let j = 0; j < SIDE; j++)
      for (let c = 0; c < 3; c++)
        view[(c * SIDE + i) * SIDE + j] = rgb[((y + i) * PHOTO + x + j) * 3 + c];
  return view;
}

/** Bilinear; transparent black outside. */
function sample(data, side, channels, x, y, into) {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const right = x - left;
  const below = y - top;
  for (let c = 0; c < channels; c++) into[c] = 0;
  add(data, side, channels, left, top, (1 - right) * (1 - below), into);
  add(data, side, channels, left + 1, top, right * (1 - below), into);
  add(data, side, channels, left, top + 1, (1 - right) * below, into);
  add(data, side, channels, left + 1, top + 1, right * below, into);
}
function add(data, side, channels, x, y, weight, into) {
  if (x < 0 || y < 0 || x >= side || y >= side) return;
  const at = (y * side + x) * channels;
  for (let c = 0; c < channels; c++) into[c] += weight * data[at + c];
}

/** Brightness, contrast and saturation a little off, sometimes gray; from 0 to 255 to -1 to 1, in place. */
function coloured(view, random) {
  const [gain, shift] = [between(random, 0.8, 1.2), between(random, -25, 25)];
  const saturation = random() < 0.05 ? 0 : between(random, 0.7, 1.3);
  const n = SIDE * SIDE;
  for (let k = 0; k < n; k++) {
    const gray = 0.3 * view[k] + 0.59 * view[n + k] + 0.11 * view[2 * n + k];
    for (let at = k; at < 3 * n; at += n) {
      const value = gain * (gray + saturation * (view[at] - gray)) + shift;
      view[at] = Math.min(255, Math.max(0, value)) / 127.5 - 1;
    }
  }
  return view;
}
