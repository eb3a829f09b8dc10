// SentencePiece's character map as HF's tokenizers applies it: not to the longest match, but to what a reader takes for one
// character, if that has fewer than 6 bytes, and to each code point of the others.
import { Charsmap } from '../sentencepiece/charsmap.ts';
import { utf8Decode, utf8Encode } from '../text/utf8.ts';

/** From base64. Throws an Error for a map that is malformed. */
export function precompiled(base64: string): (text: string) => string {
  const map = new Charsmap(bytesOf(base64), 'tokenizer.json');
  const mapped = (text: string): string | undefined => {
    const bytes = utf8Encode(text);
    return map.shortestPrefix(bytes, 0, bytes.length) > 0
      ? utf8Decode(map.replacements, map.start, map.end)
      : undefined;
  };
  const ofCluster = (cluster: string): string => {
    const whole = utf8Encode(cluster).length < 6 ? mapped(cluster) : undefined;
    return whole ?? Array.from(cluster, (char) => mapped(char) ?? char).join('');
  };
  const known = new Map<string, string>();
  return (text) => {
    let out = '';
    for (const cluster of clusters(text)) {
      let made = known.get(cluster);
      if (made === undefined) {
        made = ofCluster(cluster);
        if (known.size < 4096) known.set(cluster, made);
      }
      out += made;
      if (out.length > MAX_GROWTH * (text.length + 16))
        throw new RangeError(
          `tokenizer.json: charsmap: it makes a text more than ${MAX_GROWTH} times longer`,
        );
    }
    return out;
  };
}

/** NFKC grows a text at most 18 times; a hostile map must not fill the memory. */
const MAX_GROWTH = 64;

let segmenter: Intl.Segmenter | undefined;

/** Extended grapheme clusters. Throws an Error where the engine cannot tell them, unless all is ASCII. */
function clusters(text: string): Iterable<string> {
  if (/^[\x00-\x7f]*$/.test(text)) return text.match(/\r\n|[^]/g) ?? [];
  if (typeof Intl === 'undefined' || !('Segmenter' in Intl))
    throw new Error('tokenizer.json: normalizer Precompiled needs Intl.Segmenter for this text');
  segmenter ??= new Intl.Segmenter('und', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Small engines have no atob. Throws an Error for what is no base64. */
function bytesOf(base64: string): Uint8Array {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const text = base64.replace(/=+$/, '');
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let [bits, waiting, at] = [0, 0, 0];
  for (const char of text) {
    const digit = digits.indexOf(char);
    if (digit < 0)
      throw new Error(`tokenizer.json: precompiled_charsmap holds "${char}", expected base64`);
    bits = ((bits << 6) | digit) & 0xffff;
    waiting += 6;
    if (waiting < 8) continue;
    waiting -= 8;
    bytes[at++] = bits >> waiting;
  }
  return bytes;
}
