/** An initramfs for a kernel whose drivers are modules: ovms-init, which loads them and goes over to the root disk. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { MODULE_LIST_PATH, moduleList } from "../../src/guest/module-list.ts";
import { ovmsInit } from "../../src/guest/ovms-init.ts";
import type { Kernel } from "./gondolin/debian.ts";
import { type InitramfsFile, initramfs } from "./initramfs.ts";
import { runOk } from "./oracles.ts";

/** What modinfo belongs to, as depmod does. */
export const MODULES = ["depmod"] as const;

/** A virtio disk and a network card. */
export const VIRTIO = ["virtio_pci", "virtio_blk", "virtio_net"];

/** With these modules and those that they need, in order. */
export function moduleInitramfs(
  kernel: Kernel,
  architecture: "amd64" | "arm64",
  names: readonly string[],
): Buffer {
  const modules = inOrder(kernel, names).map((path) => ({ name: `modules/${basename(path)}`, path }));
  const files: InitramfsFile[] = [
    { path: "init", mode: 0o100755, data: ovmsInit(architecture) },
    {
      path: MODULE_LIST_PATH.slice(1),
      mode: 0o100644,
      data: moduleList(modules.map(({ name }) => `/${name}`)),
    },
    ...modules.map(({ name, path }) => ({ path: name, mode: 0o100644, data: readFileSync(path) })),
  ];
  const folders = [...new Set(files.flatMap(({ path }) => foldersAbove(path)))].sort();
  return initramfs([...folders.map((path) => ({ path, mode: 0o040755 })), ...files]);
}

function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === "." ? [] : [...foldersAbove(folder), folder];
}

function inOrder(kernel: Kernel, names: readonly string[]): string[] {
  const packaged = readdirSync(kernel.modules, { recursive: true, encoding: "utf8" });
  const paths = new Map(
    packaged
      .filter((path) => path.endsWith(".ko"))
      .map((path) => [moduleName(basename(path, ".ko")), join(kernel.modules, path)]),
  );
  const ordered = new Set<string>();
  const add = (name: string): void => {
    const path = paths.get(moduleName(name));
    if (path === undefined || ordered.has(path)) return;
    const needed = runOk("modinfo", ["-F", "depends", path]).trim();
    for (const other of needed.split(",")) add(other);
    ordered.add(path);
  };
  for (const name of names) add(name);
  return [...ordered];
}

function moduleName(name: string): string {
  return name.replaceAll("-", "_");
}
