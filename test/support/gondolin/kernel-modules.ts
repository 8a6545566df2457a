/** The kernel modules of a base bundle, compressed as a distribution ships them. */
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { runOk } from "../oracles.ts";
import type { Kernel } from "./debian.ts";

/** What Alpine's kernel has built in and Debian's has not: the buses, and the ports that Gondolin talks through. */
export const BUILT_IN_ELSEWHERE = ["virtio_pci", "virtio_mmio", "virtio_console"];

/** In the order in which they need one another; enough for Gondolin's guest, and two (the last) for a witness. */
const MODULES = [
  ...["virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", ...BUILT_IN_ELSEWHERE],
  ...["virtio_blk", "rng-core", "virtio-rng", "failover", "net_failover", "virtio_net", "fuse", "virtiofs"],
  ...["overlay", "dummy"],
];

export type ModuleCompression = "xz" | "gz";

/**
 * Puts modules under /lib/modules of a folder. The kernel loads none of them as they are: the guest's own modprobe has
 * to decompress them.
 */
export function installModules(kernel: Kernel, root: string, compression: ModuleCompression): void {
  const folder = join(root, "lib/modules", kernel.release);
  const packaged = readdirSync(kernel.modules, { recursive: true, encoding: "utf8" });
  for (const path of packaged) {
    const wanted = path.startsWith("modules.") || MODULES.some((name) => basename(path) === `${name}.ko`);
    if (!wanted) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(kernel.modules, path), join(folder, path));
    if (path.endsWith(".ko")) compress(join(folder, path), compression);
  }
  // kmod's depmod writes every index, but Debian's reads no gzip; busybox's does, and writes the text that busybox reads.
  if (compression === "xz") runOk("depmod", ["-b", root, kernel.release]);
  else runOk("busybox", ["depmod", "-b", root, kernel.release]);
}

/** The files of these modules and of those they need, relative to the kernel's folder, by modules.dep. */
export function moduleFiles(modulesDep: string, names: readonly string[]): string[] {
  const needs = new Map(
    modulesDep.split("\n").flatMap((line) => {
      const [path = "", needed] = line.split(":");
      return needed === undefined ? [] : [[path, needed.split(" ").filter((file) => file !== "")] as const];
    }),
  );
  const isNamed = (path: string): boolean => names.includes(basename(path).split(".")[0] ?? "");
  const named = [...needs.keys()].filter(isNamed);
  return [...new Set(named.flatMap((path) => [path, ...(needs.get(path) ?? [])]))];
}

function compress(path: string, compression: ModuleCompression): void {
  // The check that small decompressors know.
  if (compression === "xz") runOk("xz", ["--check=crc32", path]);
  else runOk("gzip", ["-n", path]);
}
