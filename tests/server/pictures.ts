// Pictures that are sent: good ones, and those that are made to cost more than they are worth. Broken by chance: see requests.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';

const IMAGES = join(import.meta.dirname, '../../fixtures/images');

/**
 * By name: the repository's own, and for most requests, since many are asked, small ones of them in each format. Those are made
 * here, as the repository has no WebP.
 */
export async function goodPictures(): Promise<{ large: Pictures; small: Pictures }> {
  const names = readdirSync(IMAGES).filter((name) => /\.(png|jpg)$/.test(name));
  // No Buffers: those share their memory with their slices, which are edited.
  const large = new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(IMAGES, name)))])); // prettier-ignore
  const small = new Map<string, Uint8Array>();
  for (const [i, name] of names.entries()) {
    const image = sharp(large.get(name)).resize(40 + 3 * i);
    const formats = [image.png({ palette: i % 2 === 0 }), image.jpeg({ progressive: i % 2 === 0 }), image.webp()]; // prettier-ignore
    small.set(`${name}-${i % 3}`, new Uint8Array(await formats[i % 3]!.toBuffer()));
  }
  return { large, small };
}

export type Pictures = ReadonlyMap<string, Uint8Array>;

function chunk(name: string, content: Uint8Array): Buffer {
  const [body, length, sum] = [Buffer.concat([Buffer.from(name), content]), Buffer.alloc(4), Buffer.alloc(4)]; // prettier-ignore
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A gray PNG of that size, whose pixels are `stream`. */
function png(width: number, height: number, stream: Uint8Array, ...chunks: Buffer[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const all = [chunk('IHDR', header), ...chunks, chunk('IDAT', stream), chunk('IEND', Buffer.alloc(0))]; // prettier-ignore
  return Buffer.concat([signature, ...all]);
}

/** A compressed text that may hold an orientation, and so is looked at. */
const text = (bytes: number): Buffer => {
  const keyword = Buffer.from('XML:com.adobe.xmp\0\0', 'latin1');
  return chunk('zTXt', Buffer.concat([keyword, deflateSync(Buffer.alloc(bytes))]));
};

/** A progressive JPEG with scans that refine nothing, and cost time. */
function scans(count: number): Buffer {
  const jpeg = readFileSync(join(IMAGES, 'coffee-progressive.jpg'));
  const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 1, 1, 0x10];
  const many = Buffer.from(Array.from({ length: count }, () => scan).flat());
  return Buffer.concat([jpeg.subarray(0, -2), many, jpeg.subarray(-2)]);
}

/** With what their refusal says. */
export const BOMBS: readonly (readonly [bytes: Buffer, words: RegExp])[] = [
  [png(60_000, 60_000, Buffer.alloc(9)), /Image size \(3600000000 pixels\) exceeds limit of/],
  [png(3000, 3000, deflateSync(Buffer.alloc(9_003_000))), /Image size \(9000000 pixels\) exceeds/],
  [png(1, 1, deflateSync(Buffer.alloc(2)), text(2 ** 26)), /png: a text of more than 1048576 bytes \(maxTextChunk\)$/], // prettier-ignore
  [scans(5000), /jpeg: \d+ scans or more of \d+x\d+ pixels exceed the limit maxScanSamples$/],
];

/** More than its picture, of which the rest is not looked at: it is read. */
export const UNFOLDING: Buffer = png(4, 4, deflateSync(Buffer.alloc(2 ** 26)));
