/** The configuration of `ovms-init`, which lies in the image as /etc/ovms/config. */
import { Docker2vmError } from "../errors.ts";

export const CONFIG_PATH = "/etc/ovms/config";

/** Another one is for what an older ovms-init would misread. Known to `program/settings.c`, too. */
const HEAD = "ovms-init 1";

/** For prlimit(2). */
export interface ResourceLimit {
  /** RLIMIT_… (asm-generic/resource.h). */
  readonly resource: number;
  readonly soft: bigint;
  readonly hard: bigint;
}

/** What ovms-init is to run, and how. Texts are bytes, one character each. */
export interface GuestConfig {
  readonly entrypoint: readonly string[];
  /** Behind the entrypoint; arguments on the kernel command line take its place. */
  readonly cmd: readonly string[];
  /** `NAME=VALUE`; of several of a name the last counts. */
  readonly environment: readonly string[];
  /** Absolute. Made where it is missing. */
  readonly workingDirectory: string;
  /** `USER[:GROUP]`, names or numbers, looked up when the machine boots; empty is root. */
  readonly user: string;
  /** "localhost" if absent. */
  readonly hostname?: string | undefined;
  /** As the kernel's `ip=`; the loopback alone if absent. */
  readonly network?: string | undefined;
  /** The number of the signal that asks the workload to end. */
  readonly stopSignal: number;
  readonly limits: readonly ResourceLimit[];
}

/**
 * The file, which takes no parsing: texts that end in NUL, by turns a key and its value. First comes the name of the
 * format with its version, last the key "end" with an empty value.
 *
 *     ovms-init 1␀ entrypoint␀/bin/sh␀ cmd␀-c␀ cmd␀env␀ env␀A=1␀ … end␀␀
 *
 * `entrypoint`, `cmd`, `env` and `limit` (three decimal numbers) stand once for each word; `workdir`, `user`,
 * `hostname`, `ip`, `stop-signal` once. ovms-init knows some that nothing here writes: `stop-seconds`; `root`, which is
 * rw, ro, overlay or overlay:/dev/DISK; `pid1`, which is workload or init; `tmpfs`, which is on or off. Throws E_BAD_MANIFEST for a NUL in a value.
 */
export function encodeConfig(config: GuestConfig): Uint8Array {
  const records: [key: string, value: string][] = [
    ...config.entrypoint.map((word): [string, string] => ["entrypoint", word]),
    ...config.cmd.map((word): [string, string] => ["cmd", word]),
    ...config.environment.map((entry): [string, string] => ["env", entry]),
    ["workdir", config.workingDirectory],
    ["user", config.user],
    ...optional("hostname", config.hostname),
    ...optional("ip", config.network),
    ["stop-signal", `${config.stopSignal}`],
    ...config.limits.map(({ resource, soft, hard }): [string, string] => [
      "limit",
      `${resource} ${soft} ${hard}`,
    ]),
    ["end", ""],
  ];
  for (const [key, value] of records) {
    if (value.includes("\0")) throw nulByte(key);
  }
  const text = [HEAD, ...records.flat()].map((part) => `${part}\0`).join("");
  return Buffer.from(text, "latin1");
}

function optional(key: string, value: string | undefined): readonly [key: string, value: string][] {
  return value === undefined ? [] : [[key, value]];
}

function nulByte(key: string): Docker2vmError {
  return new Docker2vmError("E_BAD_MANIFEST", `the workload's ${key} has a NUL byte`, {
    hint: "no process can be given one: leave it out of the image's config, or override it",
  });
}
