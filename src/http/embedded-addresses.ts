/** IPv6 addresses that lead to one of IPv4. */

/** Where the four bytes of the IPv4 address are in those of an address that begins so. */
interface Embedding {
  readonly prefix: readonly number[];
  readonly at: readonly (readonly number[])[];
  /** Whether each bit is the opposite. */
  readonly inverted?: boolean;
}

const AT_THE_END = [[12, 13, 14, 15]];
const ZEROS = (count: number): number[] => Array(count).fill(0);
const NAT64_LOCAL = [0x00, 0x64, 0xff, 0x9b, 0x00, 0x01];

const EMBEDDINGS: readonly Embedding[] = [
  // IPv4-compatible (RFC 4291, 2.5.5.1), IPv4-mapped (2.5.5.2), IPv4-translated (RFC 2765, 2.1).
  { prefix: ZEROS(12), at: AT_THE_END },
  { prefix: [...ZEROS(10), 0xff, 0xff], at: AT_THE_END },
  { prefix: [...ZEROS(8), 0xff, 0xff, 0, 0], at: AT_THE_END },
  // NAT64 (RFC 6052, 2.1).
  { prefix: [0x00, 0x64, 0xff, 0x9b, ...ZEROS(8)], at: AT_THE_END },
  // 6to4 (RFC 3056, 2).
  { prefix: [0x20, 0x02], at: [[2, 3, 4, 5]] },
  // Teredo (RFC 4380, 4): the machine behind the NAT, and the server that helps to reach it.
  { prefix: [0x20, 0x01, 0, 0], at: AT_THE_END, inverted: true },
  { prefix: [0x20, 0x01, 0, 0], at: [[4, 5, 6, 7]] },
];

/** RFC 6052, 2.2, with prefixes of 48, 56 and 64 bits: zeros follow the address. */
const SHORT_PREFIXES = [
  [6, 7, 9, 10],
  [7, 9, 10, 11],
  [9, 10, 11, 12],
];

/** The 16 bytes of an IPv6 address in any spelling, without a zone. Not by the URL parser: Bun's refuses some. */
export function bytesOfIPv6(address: string): readonly number[] {
  const [head = [], tail = []] = address.split("::").map(bytesOfGroups);
  return [...head, ...ZEROS(16 - head.length - tail.length), ...tail];
}

function bytesOfGroups(text: string): readonly number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** The IPv4 addresses that the bytes of an IPv6 address may lead to, by the forms that are laid down; mostly none. */
export function embeddedIPv4(bytes: readonly number[]): readonly string[] {
  const begins = (prefix: readonly number[]): boolean => prefix.every((byte, at) => bytes[at] === byte);
  const found = EMBEDDINGS.filter(({ prefix }) => begins(prefix)).flatMap(({ at, inverted }) =>
    at.map((places) => places.map((place) => (bytes[place] ?? 0) ^ (inverted === true ? 0xff : 0))),
  );
  // Which prefix a network has chosen below this one (RFC 8215) is not known.
  if (begins(NAT64_LOCAL)) {
    const isShort = bytes.slice(13).every((byte) => byte === 0);
    const read = (places: readonly number[]): number[] => places.map((place) => bytes[place] ?? 0);
    // No address begins with a zero, but the wrong place for one mostly does.
    found.push(
      ...(isShort ? SHORT_PREFIXES.map(read).filter(([first]) => first !== 0) : AT_THE_END.map(read)),
    );
  }
  return found.map((ip) => ip.join("."));
}
