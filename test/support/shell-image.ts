import { readFileSync } from "node:fs";
import { buildLayout } from "./layout-builder.ts";
import { findOracle } from "./oracles.ts";
import { tar } from "./tar-builder.ts";

const COMMANDS = ["cat", "echo", "ls", "poweroff", "sh", "sync"];

/**
 * Makes the layout of an image like Alpine's, for this machine: a busybox of one static program, and no init. Needs
 * busybox.
 */
export function buildShellImage(folder: string, tag: string): void {
  const busybox = readFileSync(findOracle("busybox") ?? "busybox");
  const links = COMMANDS.map((name) => ({ path: `bin/${name}`, type: "symlink", linkname: "busybox" }));
  buildLayout(folder, {
    layers: [tar([{ path: "bin/busybox", mode: 0o755, data: busybox }, ...links])],
    platform: { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" },
    tag,
    config: { Cmd: ["/bin/sh"] },
  });
}
