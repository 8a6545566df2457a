/** A machine's network: QEMU's own, in which it has an address by DHCP and reaches what this machine reaches. */
import { isIPv4 } from "node:net";
import { Docker2vmError } from "../errors.ts";

/** A port of this machine that leads to one of the booted machine's. */
export interface Publication {
  readonly protocol: "tcp" | "udp";
  /** Of this machine; empty for all of its addresses. */
  readonly address: string;
  readonly hostPort: number;
  readonly guestPort: number;
}

const FORM = /^(?:([\d.]+):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/;
const LAST_PORT = 65_535;

/** [ADDRESS:]HOST:GUEST[/tcp|udp], as `docker run -p` has it. Throws E_USAGE. */
export function parsePublication(text: string): Publication {
  const [, address = "", host = "", guest = "", protocol = "tcp"] = FORM.exec(text) ?? [];
  const ports = [Number(host), Number(guest)];
  const arePorts = ports.every((port) => port >= 1 && port <= LAST_PORT);
  if (arePorts && (address === "" || isIPv4(address))) {
    const [hostPort = 0, guestPort = 0] = ports;
    return { protocol: protocol === "udp" ? "udp" : "tcp", address, hostPort, guestPort };
  }
  throw new Docker2vmError("E_USAGE", `${JSON.stringify(text)} publishes no port`, {
    hint: "write HOST:GUEST, as --publish 8080:80; ADDRESS:HOST:GUEST for one address; /udp behind it",
  });
}

/** QEMU's options. The device brings no program for booting from a network: not every QEMU has one. */
export function networkOptions(publications: readonly Publication[]): readonly string[] {
  const forwards = publications.map(
    ({ protocol, address, hostPort, guestPort }) =>
      `,hostfwd=${protocol}:${address}:${hostPort}-:${guestPort}`,
  );
  return [
    ...["-netdev", `user,id=network${forwards.join("")}`],
    ...["-device", "virtio-net-pci,netdev=network,romfile="],
  ];
}
