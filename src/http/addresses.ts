/** Kinds of IP addresses, by how far they reach: RFC 6890 and its registries. */
import { BlockList, isIP } from "node:net";

/** The nearer an address, the less a stranger may send this machine there; link-local is where clouds keep secrets. */
export const REACH = { public: 0, private: 1, loopback: 2, linkLocal: 3 } as const;
/** One of REACH. */
export type Reach = number;

const PRIVATE = subnets("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7");
const LOOPBACK = subnets("127.0.0.0/8", "::1/128", "0.0.0.0/8", "::/128");
const LINK_LOCAL = subnets("169.254.0.0/16", "fe80::/10");

/** How far an IP address reaches; an IPv6 address that only wraps one of IPv4 is judged as that. */
export function reachOf(address: string): Reach {
  const ip = unwrap(address);
  const family = isIP(ip) === 6 ? "ipv6" : "ipv4";
  if (LINK_LOCAL.check(ip, family)) return REACH.linkLocal;
  if (LOOPBACK.check(ip, family)) return REACH.loopback;
  return PRIVATE.check(ip, family) ? REACH.private : REACH.public;
}

/** The IP address that a URL's hostname is, without brackets; undefined if it is a name. */
export function ipLiteral(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(bare) === 0 ? undefined : bare;
}

/** Whether a URL's hostname is this machine, by name or by address. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase();
  const ip = ipLiteral(name);
  if (ip !== undefined) return ip !== "0.0.0.0" && ip !== "::" && reachOf(ip) === REACH.loopback;
  return name === "localhost" || name.endsWith(".localhost");
}

/** Whether an IP address lies in `network`, an address or a range (`10.0.0.0/8`). False for anything malformed. */
export function inNetwork(address: string, network: string): boolean {
  const [base = "", prefix] = network.split("/");
  const family = isIP(base);
  if (family === 0 || family !== isIP(address)) return false;
  const bits = family === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  if (!Number.isInteger(length) || length < 0 || length > bits) return false;
  return subnets(`${base}/${length}`).check(address, family === 6 ? "ipv6" : "ipv4");
}

function subnets(...networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [base = "", length] = network.split("/");
    list.addSubnet(base, Number(length), isIP(base) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

function unwrap(address: string): string {
  const zoneless = address.replace(/%.*$/, "");
  if (isIP(zoneless) !== 6) return zoneless;
  // The URL parser writes every spelling of ::ffff:a.b.c.d as two groups of hexadecimal digits.
  const canonical = new URL(`http://[${zoneless}]`).hostname;
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return zoneless;
  const [h, l] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [h >> 8, h & 255, l >> 8, l & 255].join(".");
}
