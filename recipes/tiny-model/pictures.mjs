// The training pictures as raw pixels: emoji drawn from SVG with transparent ground, photos cut out of sheets.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { loadImage } from 'siglip-ts';

/** Twemoji is not among them: scores are measured on it. */
const VENDORS = ['noto', 'noto-v1', 'fluent-emoji', 'fluent-emoji-flat', 'emojione', 'fxemoji'];
/** Pixels a side: art a little larger than the model's 64, photos as their sheets have them. */
export const ART = 72;
export const PHOTO = 80;

const require = createRequire(import.meta.url);

/** `key` of a concept to its drawings, RGBA of ART x ART. Drawn once, then kept in `cache`. */
export async function emojiArt(concepts, cache) {
  mkdirSync(cache, { recursive: true });
  const wanted = concepts.filter(({ key }) => key.startsWith('e:')).map(({ key }) => key);
  const found = new Map(wanted.map((key) => [key, []]));
  for (const vendor of VENDORS) {
    const index = join(cache, `${vendor}.json`);
    if (!existsSync(index)) await draw(vendor, wanted, cache);
    const pixels = readFileSync(join(cache, `${vendor}.rgba`));
    const size = ART * ART * 4;
    for (const [i, key] of JSON.parse(readFileSync(index, 'utf8')).entries())
      found.get(key)?.push(pixels.subarray(i * size, (i + 1) * size));
  }
  return found;
}

let loaded;
function resvg() {
  return (loaded ??= (async () => {
    const module = await import('@resvg/resvg-wasm');
    await module.initWasm(readFileSync(require.resolve('@resvg/resvg-wasm/index_bg.wasm')));
    return module;
  })());
}

async function draw(vendor, wanted, cache) {
  const { Resvg } = await resvg();
  const { width, height, ...found } = require(`@iconify-json/${vendor}/icons.json`);
  const keys = [];
  const drawn = [];
  for (const key of wanted) {
    const icon = iconOf(found, key.slice(2));
    if (!icon) continue;
    const [w, h] = [icon.width ?? width, icon.height ?? height];
    const box = `${icon.left ?? 0} ${icon.top ?? 0} ${w} ${h}`;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="${box}" width="${ART}" height="${ART}">${icon.body}</svg>`;
    try {
      drawn.push(new Resvg(svg).render().pixels.slice());
      keys.push(key);
    } catch (error) {
      console.log(`${vendor} ${key} is left out: ${error.message}`); // resvg 2.6 trips over a handful
    }
  }
  writeFileSync(join(cache, `${vendor}.rgba`), Buffer.concat(drawn));
  writeFileSync(join(cache, `${vendor}.json`), JSON.stringify(keys));
}

/** Only two of the sets say which code points an icon has; the others share noto's names, or write them without hyphens. */
function iconOf({ icons, aliases = {} }, points) {
  const chars = require('@iconify-json/noto/chars.json');
  const name = chars[points] ?? chars[points.replaceAll('-fe0f', '')];
  if (!name) return undefined;
  const known = [name, aliases[name]?.parent, name.replaceAll('-', '')].find((n) => n && icons[n]);
  return icons[known];
}

/** Tiles of the sheets in a folder: `{ concept, label, source, pixels }`, RGB of `side` x `side`. */
export async function tiles(folder, side, only = () => true) {
  const found = [];
  for (const file of readdirSync(folder).filter((f) => f.endsWith('.jsonl') && only(f))) {
    const sheets = new Map();
    for (const line of readFileSync(join(folder, file), 'utf8').trim().split('\n')) {
      const row = JSON.parse(line);
      if (!sheets.has(row.sheet))
        sheets.set(row.sheet, await loadImage(readFileSync(join(folder, row.sheet))));
      const pixels = cut(sheets.get(row.sheet), row.x, row.y, side);
      found.push({ ...row, source: file.replace('.jsonl', ''), pixels });
    }
  }
  return found;
}

/** RGB of a square of an RGB image. */
function cut({ data, width }, x, y, side) {
  const pixels = new Uint8Array(side * side * 3);
  for (let row = 0; row < side; row++) {
    const from = ((y + row) * width + x) * 3;
    pixels.set(data.subarray(from, from + side * 3), row * side * 3);
  }
  return pixels;
}
