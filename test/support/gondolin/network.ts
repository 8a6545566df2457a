import { expect } from "bun:test";
import type { GuestResult } from "./run-guest.ts";

/** What a guest says of its network, by files alone: it may have no program for that. */
export const NETWORK = "cat /proc/net/route /proc/net/fib_trie";
export const RESOLVER = "cat /etc/resolv.conf";

/** Gondolin's host side: 192.168.127.1, little-endian as /proc/net/route has it. */
const GATEWAY = "017FA8C0";

/** Expects an address that Gondolin has leased, and a default route. Takes what NETWORK prints. */
export function expectNetwork({ stdout }: GuestResult): void {
  expect(stdout).toMatch(new RegExp(`^eth0\\t00000000\\t${GATEWAY}\\t0003\\t`, "m"));
  expect(stdout).toMatch(/ 192\.168\.127\.\d+\n +\/32 host LOCAL/);
}

/** Takes what RESOLVER prints. */
export function expectResolver(result: GuestResult): void {
  expect(result).toEqual({ stdout: "nameserver 192.168.127.1\n", stderr: "", exitCode: 0 });
}
