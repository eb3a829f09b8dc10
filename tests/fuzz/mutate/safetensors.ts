// Edits of a safetensors file: of its header's JSON, with the length right again, and of how much data follows.
import type { Random } from '../random.ts';
import { concat, EDGES, mutateBytes } from './bytes.ts';
import { mutateJsonText } from './json.ts';

// prettier-ignore
const DTYPES = ['F64', 'F32', 'F16', 'BF16', 'I64', 'I8', 'BOOL', 'F8_E4M3', 'F8_E5M2', 'F4', 'F6_E2M3', 'C64', 'F99', '', 'constructor'];

export function mutateSafetensors(r: Random, bytes: Uint8Array): Uint8Array {
  if (bytes.length < 8 || r.once(20)) return mutateBytes(r, bytes);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  let data = bytes.subarray(8 + length);
  if (r.once(10)) data = mutateBytes(r, data);
  const text = new TextEncoder().encode(r.once(3) ? retold(r, header) : mutateJsonText(r, header));
  const first = new Uint8Array(8);
  const said = r.once(20) ? r.pick(EDGES) : text.length;
  new DataView(first.buffer).setBigUint64(0, BigInt(said) * (r.once(200) ? 2n ** 32n : 1n), true);
  return concat([first, text, data]);
}

/** A dtype, a number or a whole shape exchanged in the text. */
function retold(r: Random, header: string): string {
  const found = [...header.matchAll(/"dtype":"[^"]*"|\d+|"shape":\[[^\]]*\]/g)];
  if (found.length === 0) return header;
  const { index, 0: old } = r.pick(found);
  const numbers = ['0', '1', '-1', '1.0', '1e3', '00', '4294967296', '9007199254740993', '1' + '0'.repeat(400)]; // prettier-ignore
  const shapes = ['', '0', '0,9007199254740991', '4294967296,4294967296', '1,'.repeat(3000) + '1'];
  const told = old.startsWith('"dtype')
    ? `"dtype":"${r.pick(DTYPES)}"`
    : old.startsWith('"shape')
      ? `"shape":[${r.pick(shapes)}]`
      : r.pick(numbers);
  return header.slice(0, index) + told + header.slice(index + old.length);
}
