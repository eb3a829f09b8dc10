// Bytes that a module holds as text: one character for each of the bytes that the kernels have most, two for another. A
// bundle that is compressed holds them in a sixth less than in hexadecimal, as gzip still sees whole bytes.

/** Printable, and none that a string literal or a page's script would escape. The first two begin a pair. */
const CHARACTERS =
  ' !#%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~';
const SINGLE = CHARACTERS.length - 2;

/** The bytes that have one character, in hexadecimal, most frequent first. */
const FREQUENT =
  '20fd00010221410b6a130c030d400474430708e609e4100605227f0a11800e4e6c0f14161712181f85153f231b1c191dae1a2a6be51e46617b4871aaffac925052292872246f474b6dab3e7cb2c0306365bab1693d6e70';

/** All bytes, those first; the code of a byte is its place here. */
function order(): number[] {
  const first = Array.from({ length: SINGLE }, (_, i) => parseInt(FREQUENT.substr(2 * i, 2), 16));
  return [...new Set([...first, ...Array(256).keys()])];
}

/** What `toText` was given. */
export function fromText(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  const places = order();
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    let place = CHARACTERS.indexOf(text[i]!) - 2;
    if (place < 0) place = (place + 3) * SINGLE + CHARACTERS.indexOf(text[++i]!) - 2;
    bytes[length++] = places[place]!;
  }
  return bytes.slice(0, length);
}

/** For the build. */
export function toText(bytes: Uint8Array): string {
  const places = order();
  const codes = Array.from(bytes, (byte) => {
    const place = places.indexOf(byte);
    const last = CHARACTERS[(place % SINGLE) + 2]!;
    return place < SINGLE ? last : CHARACTERS[Math.floor(place / SINGLE) - 1]! + last;
  });
  return codes.join('');
}
