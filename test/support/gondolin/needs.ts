import type { Oracle } from "../programs.ts";
import type { Architecture } from "./architecture.ts";

/** What making a base bundle takes, for `testWith`. */
export const BASE_ORACLES = [
  ...[
    "npm",
    "apt-get",
    "dpkg",
    "dpkg-deb",
    "busybox",
    "tar",
    "gzip",
    "xz",
    "depmod",
    "cpio",
    "lz4",
    "mke2fs",
  ],
] as const satisfies readonly Oracle[];

/** What booting a guest takes where a base is there. */
export function bootOracles(architecture: Architecture = "amd64"): readonly Oracle[] {
  const emulator = architecture === "amd64" ? "qemu-system-x86_64" : "qemu-system-aarch64";
  return [emulator, "qemu-img", "npm"];
}

/** What making a base bundle and booting it takes. */
export function guestOracles(architecture: Architecture = "amd64"): readonly Oracle[] {
  return [...new Set([...bootOracles(architecture), ...BASE_ORACLES])];
}
