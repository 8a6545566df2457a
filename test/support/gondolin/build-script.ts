/**
 * Run by the Node that Gondolin asks for: makes a bundle out of two folders with the functions of Gondolin's own
 * Alpine build. It takes a BuildRequest as its only argument, in JSON.
 */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildRequest } from "./base-bundle.ts";

const request: BuildRequest = JSON.parse(process.argv[2] ?? "");

function load<Module>(path: string): Promise<Module> {
  return import(pathToFileURL(join(request.packageDir, "dist/src", path)).href);
}

interface KernelModules {
  syncKernelModules(rootfs: string, initramfs: string, log: (message: string) => void): void;
}

interface Utilities {
  findMke2fs(): string;
  createRootfsImage(mke2fs: string, image: string, folder: string, label: string): void;
  createInitramfs(folder: string, file: string): void;
}

interface Bundles {
  writeAssetManifest(folder: string, config: Readonly<Record<string, unknown>>): void;
}

const { syncKernelModules } = await load<KernelModules>("alpine/kernel-modules.js");
const { findMke2fs, createRootfsImage, createInitramfs } = await load<Utilities>("alpine/utils.js");
const { writeAssetManifest } = await load<Bundles>("build/shared.js");

const { rootfs, initramfs, kernel, out, machine } = request;
syncKernelModules(rootfs, initramfs, () => {});
createRootfsImage(findMke2fs(), join(out, "rootfs.ext4"), rootfs, "gondolin-root");
createInitramfs(initramfs, join(out, "initramfs.cpio.lz4"));
cpSync(kernel, join(out, "vmlinuz-virt"));
writeAssetManifest(out, { arch: machine, distro: "alpine", rootfs: { label: "gondolin-root" } });
