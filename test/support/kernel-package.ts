/** Debian's cloud kernel in little: the kernel, its configuration and the modules that an initramfs takes of it. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { cloudKernel, cloudKernelFolder } from "./boot.ts";
import { runOk } from "./oracles.ts";

/** And one that it does not take. */
const MODULES = [
  ...["xfs", "erofs", "overlay", "libcrc32c", "reed_solomon", "dm-mod", "dm-bufio", "dm-verity"],
  ...["virtio", "virtio_ring", "virtio_pci", "virtio_pci_legacy_dev", "virtio_pci_modern_dev"],
  ...["virtio_mmio", "virtio_blk", "virtio_net", "failover", "net_failover", "dm-crypt"],
];

function isWanted(path: string): boolean {
  return path.endsWith(".ko") && MODULES.includes(basename(path, ".ko"));
}

export interface KernelParts {
  /** How the modules are compressed. */
  readonly modules?: "ko" | "gz" | "xz" | "zst";
  /** Whether /boot has the configuration. */
  readonly config?: boolean;
  /** In place of the kernel itself, which is large. */
  readonly kernel?: Uint8Array;
}

export function kernelVersion(): string {
  return basename(cloudKernel()).slice("vmlinuz-".length);
}

/** Makes a folder with boot and lib/modules. */
export function makeKernelFolder(
  folder: string,
  { modules = "ko", config = true, kernel }: KernelParts = {},
): void {
  const version = kernelVersion();
  const from = cloudKernelFolder();
  const own = join("lib/modules", version);
  mkdirSync(join(folder, "boot"), { recursive: true });
  writeFileSync(join(folder, "boot", `vmlinuz-${version}`), kernel ?? readFileSync(cloudKernel()));
  const name = `config-${version}`;
  if (config) cpSync(join(from, "boot", name), join(folder, "boot", name));
  const found = readdirSync(join(from, own), { recursive: true, encoding: "utf8" });
  for (const path of found.filter(isWanted)) {
    const target = join(folder, own, path);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(from, own, path), target);
    if (modules === "gz") runOk("gzip", ["-n", target]);
    if (modules === "xz") runOk("xz", ["-0", "--check=crc32", target]);
    if (modules === "zst") runOk("zstd", ["-q", "--rm", target]);
  }
  cpSync(join(from, own, "modules.builtin"), join(folder, own, "modules.builtin"));
}

/** A package as dpkg-deb makes it. */
export function makeDebianPackage(folder: string, deb: string, compression: "xz" | "gzip" | "zstd"): void {
  mkdirSync(join(folder, "DEBIAN"), { recursive: true });
  const control = ["Package: linux-image", "Version: 1", "Architecture: amd64", "Maintainer: t <t@t>"];
  writeFileSync(join(folder, "DEBIAN/control"), `${[...control, "Description: t"].join("\n")}\n`);
  runOk("dpkg-deb", [`-Z${compression}`, "-z0", "--root-owner-group", "--build", folder, deb]);
}

/** Alpine's: three tars in gzip, of which only the last one has an end (apk-tools 2, apk-v2(5)). */
export function makeAlpinePackage(folder: string, apk: string): void {
  const control = join(folder, ".PKGINFO");
  writeFileSync(control, "pkgname = linux-virt\n");
  const tar = (...names: string[]) => {
    const file = `${apk}.part`;
    runOk("tar", ["-C", folder, "--format=ustar", "-b1", "-cf", file, ...names]);
    return readFileSync(file);
  };
  const endless = (bytes: Buffer) => bytes.subarray(0, bytes.length - 1024);
  const parts = [endless(tar(".PKGINFO")), tar("boot", "lib")];
  writeFileSync(apk, Buffer.concat(parts.map((part) => Bun.gzipSync(new Uint8Array(part)))));
}
