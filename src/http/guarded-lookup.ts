import { type LookupAddress, type LookupOptions, lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { Docker2vmError } from "../errors.ts";
import { type Reach, reachOf } from "./addresses.ts";

/**
 * A lookup for sockets that refuses names whose addresses are nearer than `nearest`. Only here, where the connection
 * is made, does a check hold: a name may stand for another address at every question. An address needs no lookup, and
 * a socket makes none.
 */
export function guardedLookup(nearest: Reach): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const [first] = found ?? [];
      if (error !== null || first === undefined) {
        callback(error ?? new Error(`${hostname} has no address`), "", 0);
      } else if (found.some(({ address }) => reachOf(address) > nearest)) {
        callback(tooNear(hostname), "", 0);
      } else if (options.all === true) {
        callback(null, found);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

/** The refusal of a host, a name or an address. */
export function tooNear(host: string): Docker2vmError {
  return new Docker2vmError(
    "E_DENIED",
    `${host}: lies in a private network, and the server that points there does not`,
    { hint: `if that server is to be believed: --trust-auth-realm ${host}` },
  );
}
