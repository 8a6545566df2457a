/** The address of a machine, as a conversion is asked for it, and as ovms-init is told. */
import { Docker2vmError } from "../../errors.ts";

/** How the address is given: the form is that of the option. */
const FORM = "dhcp or ADDRESS/PREFIX, and behind commas gateway=ADDRESS, dns=ADDRESS, device=NAME";
/** The kernel's word has no room for more. */
const NAME_SERVERS = 2;
/** IFNAMSIZ (linux/if.h), less the NUL. */
const LONGEST_DEVICE = 15;
const PREFIX = /^(?:[1-9]|[12]\d|3[0-2])$/;
/** What would end a field or the word. */
const DEVICE = /^[^\s:"/]+$/;

/** Loaded for an address alone: of all that a runtime has, its network takes longest. */
const net = () => process.getBuiltinModule("node:net");

/** What stands behind the first comma. */
interface More {
  gateway?: string;
  device?: string;
  readonly dns: string[];
}

/**
 * The same in the form of the kernel's `ip=`, address::gateway:netmask::device:autoconf:dns:dns (Documentation/
 * admin-guide/nfs/nfsroot.rst). Throws E_USAGE for what is no address, or has a gateway that is not beside it.
 */
export function networkWord(text: string): string {
  const [first = "", ...rest] = text.split(",");
  const more = moreOf(rest, text);
  const { gateway = "", device = "" } = more;
  const ending = [device, first === "dhcp" ? "dhcp" : "off", ...more.dns].join(":");
  if (first === "dhcp") {
    if (gateway !== "") throw refuse(text, "with DHCP the gateway is the server's to say");
    return rest.length === 0 ? "dhcp" : `:::::${ending}`;
  }
  const { address, bits } = addressOf(first, text);
  if (gateway !== "" && bits < 32 && network(gateway, bits) !== network(address, bits)) {
    throw refuse(text, `the gateway ${gateway} is outside the machine's own network`);
  }
  return `${address}::${gateway}:${dotted(maskOf(bits))}::${ending}`;
}

function addressOf(text: string, all: string): { readonly address: string; readonly bits: number } {
  const [address = "", prefix = "", ...more] = text.split("/");
  if (net().isIPv4(address) && PREFIX.test(prefix) && more.length === 0)
    return { address, bits: Number(prefix) };
  refuseIPv6(address, all);
  throw refuse(all, `${JSON.stringify(text)} is no address with its network, such as 10.0.0.2/24`);
}

function moreOf(parts: readonly string[], text: string): More {
  const more: More = { dns: [] };
  for (const part of parts) {
    const end = part.indexOf("=");
    const name = part.slice(0, Math.max(end, 0));
    const value = part.slice(end + 1);
    const isAddress = net().isIPv4(value);
    if (name === "gateway" && isAddress && more.gateway === undefined) more.gateway = value;
    else if (name === "dns" && isAddress && more.dns.length < NAME_SERVERS) more.dns.push(value);
    else if (name === "device" && isDevice(value) && more.device === undefined) more.device = value;
    else {
      refuseIPv6(value, text);
      throw refuse(text, `${JSON.stringify(part)} says nothing`);
    }
  }
  return more;
}

function isDevice(name: string): boolean {
  return DEVICE.test(name) && Buffer.byteLength(name) <= LONGEST_DEVICE;
}

function numberOf(address: string): number {
  return address.split(".").reduce((number, octet) => number * 256 + Number(octet), 0);
}

function maskOf(bits: number): number {
  return 2 ** 32 - 2 ** (32 - bits);
}

function network(address: string, bits: number): number {
  return Math.floor(numberOf(address) / 2 ** (32 - bits));
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/** The kernel's word, and what reads it here, have IPv4 alone. */
function refuseIPv6(address: string, text: string): void {
  if (net().isIPv6(address)) throw refuse(text, `${address} is an address of IPv6, and only IPv4 is taken`);
}

function refuse(text: string, why: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `${JSON.stringify(text)} is no address for a machine: ${why}`, {
    hint: `give ${FORM}; of dns at most ${NAME_SERVERS}`,
  });
}
