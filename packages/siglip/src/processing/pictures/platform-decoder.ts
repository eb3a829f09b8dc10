// The decoder that loadImage asks when no other knows a file: the browser's, or sharp where it is installed.
import { hasFileSystem, node } from '@siglip-ts/hub/node';
import { type ImageDecoder, imageFormat } from '@siglip-ts/image';
import { canDraw } from './canvas.ts';
import { browserDecoder, type Sharp, sharpDecoder } from './decoders.ts';

/** Its pictures reject with an Error that says what to do where nothing decodes them. */
export const platformDecoder: ImageDecoder = {
  matches: browserDecoder().matches,
  async decode(bytes, limits) {
    const decoder = canDraw() ? browserDecoder() : sharpHere(imageFormat(bytes)!);
    return decoder.decode(bytes, limits);
  },
};

/**
 * An optional peer: it brings 20 MB of native libraries. Required and not imported, so that no bundler looks for it, nor
 * takes it into a page: from beside this module, or, where a bundle has no import.meta.url, beside the program.
 */
function sharpHere(format: string): ImageDecoder {
  const instead = 'or convert it to PNG or JPEG first';
  if (!hasFileSystem())
    throw new Error(
      `cannot identify image file: nothing decodes ${format} here; pass what does in the option decoders, ${instead}`,
    );
  try {
    const from = import.meta.url || process.argv[1]!;
    return sharpDecoder(node('node:module').createRequire(from)('sharp') as Sharp);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const missing = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
    const why = missing ? 'is not installed' : `does not load (${message.trim().split('\n')[0]})`;
    throw new Error(
      `cannot identify image file: ${format} needs sharp, which ${why}: npm install sharp, ${instead}`,
      { cause },
    );
  }
}
