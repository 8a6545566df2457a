/** Kinds of IP addresses, by how far they reach: RFC 6890 and its registries. */
import { BlockList, isIP } from "node:net";
import { bytesOfIPv6, embeddedIPv4 } from "./embedded-addresses.ts";

/** The nearer an address, the less a stranger may send this machine there; link-local is where clouds keep secrets. */
export const REACH = { public: 0, private: 1, loopback: 2, linkLocal: 3 } as const;
/** One of REACH. */
export type Reach = number;

const PRIVATE = subnets(
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "192.0.0.0/24",
  // Groups of machines and what nobody has: no server is there.
  "224.0.0.0/3",
  "fc00::/7",
  "fec0::/10",
  "ff00::/8",
);
const LOOPBACK = subnets("127.0.0.0/8", "::1/128", "0.0.0.0/8", "::/128");
const LINK_LOCAL = subnets(
  "169.254.0.0/16",
  "fe80::/10",
  // Where clouds tell a machine its secrets without a link-local address: Alibaba, Oracle, Azure, AWS, Google.
  "100.100.100.200/32",
  "192.0.0.192/32",
  "168.63.129.16/32",
  "fd00:ec2::254/128",
  "fd20:ce::254/128",
);

/** How far an IP address reaches; one of IPv6 that leads to one of IPv4 is as near as that. */
export function reachOf(address: string): Reach {
  const ip = address.replace(/%.*$/, "");
  if (isIP(ip) !== 6) return reachInFamily(ip, "ipv4");
  const inner = embeddedIPv4(bytesOfIPv6(ip)).map((each) => reachInFamily(each, "ipv4"));
  return Math.max(reachInFamily(ip, "ipv6"), ...inner);
}

/** The IP address that a URL's hostname is, without brackets; undefined if it is a name. */
export function ipLiteral(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(bare) === 0 ? undefined : bare;
}

/** Whether a URL's hostname is this machine, by name or by address. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  const ip = ipLiteral(name);
  if (ip !== undefined) return ip !== "0.0.0.0" && ip !== "::" && reachOf(ip) === REACH.loopback;
  return name === "localhost" || name.endsWith(".localhost");
}

/** Whether a URL's hostname says by itself that it is nearer than `nearest`: an address, or a name of this machine. */
export function isNearer(hostname: string, nearest: Reach): boolean {
  const ip = ipLiteral(hostname);
  if (ip !== undefined) return reachOf(ip) > nearest;
  return isLoopback(hostname) && REACH.loopback > nearest;
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

function reachInFamily(ip: string, family: "ipv4" | "ipv6"): Reach {
  if (LINK_LOCAL.check(ip, family)) return REACH.linkLocal;
  if (LOOPBACK.check(ip, family)) return REACH.loopback;
  return PRIVATE.check(ip, family) ? REACH.private : REACH.public;
}

function subnets(...networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [base = "", length] = network.split("/");
    list.addSubnet(base, Number(length), isIP(base) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}
