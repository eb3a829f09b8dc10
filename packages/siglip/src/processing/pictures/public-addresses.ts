// Which addresses of the internet anyone may be sent to, and which lead into the machine or the network around it. By IANA's
// registries of special-purpose addresses (RFC 6890 and its updates); what is not globally reachable is private here.

/** Each as an address and the bits that count. */
const PRIVATE_V4 = (
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 ' +
  '192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4'
)
  .split(' ')
  .map((range) => range.split('/') as [string, string])
  .map(([address, bits]) => ({ first: numberOf(address), shift: 32 - Number(bits) }));

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

const isPublicV4 = (address: number): boolean =>
  PRIVATE_V4.every(({ first, shift }) => address >>> shift !== first >>> shift);

/** Whether an address, as a resolver writes it, is a public one; false for what is no address. */
export function isPublicAddress(address: string): boolean {
  if (/^\d+(\.\d+){3}$/.test(address)) return isPublicV4(numberOf(address));
  const groups = groupsOf(address);
  if (groups === undefined) return false;
  const [a = 0, b = 0, c = 0] = groups;
  const head = groups.slice(0, 6).join(':');
  // IPv4 in IPv6: mapped, and through the translators of networks that have no IPv4.
  if (head === '0:0:0:0:0:65535' || head === `${0x64}:${0xff9b}:0:0:0:0`)
    return isPublicV4(groups[6]! * 65536 + groups[7]!);
  const documentation = (a === 0x2001 && b === 0xdb8) || (a === 0x3fff && b < 0x1000);
  const special = (a === 0x2001 && b < 0x200) || a === 0x2002; // Teredo and its like; 6to4
  const old = a === 0x2620 && b === 0x4f && c === 0x8000; // AS112
  return a >>> 13 === 1 && !documentation && !special && !old; // 2000::/3
}

/** The eight numbers of an IPv6 address; undefined for what is none, and for one that has a zone: it is a link's. */
function groupsOf(address: string): number[] | undefined {
  const url = `http://[${address}]/`;
  if (!URL.canParse(url)) return undefined;
  const [head = '', tail] = new URL(url).hostname.slice(1, -1).split('::');
  const numbers = (part: string) => part.split(':').filter(Boolean).map((hex) => parseInt(hex, 16)); // prettier-ignore
  const [first, last] = [numbers(head), numbers(tail ?? '')];
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}
