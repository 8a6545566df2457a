/** Small folders of guest assets: what Gondolin's are made of, in as few bytes as may be. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withImage } from "../../filesystem/ext4/write/images.ts";
import { type Files, link, program, sameAs, treeOf } from "../trees.ts";
import { elf } from "./elf-maker.ts";

export const LOADER = "/lib/ld-musl-x86_64.so.1";
export const VERSION = "6.18.1-0-virt";

/** The parts of Gondolin's /init that matter here. */
export const INIT = `#!/bin/sh
set -eu
# modprobe nothing
if modprobe virtio_console > /dev/null 2>&1; then
  echo loaded
fi
modprobe -q virtio-net || true
modprobe fuse
mkdir -p /data

exec /usr/bin/sandboxd
`;

const COMMANDS = [
  "sh",
  "mkdir",
  "mount",
  "cat",
  "chmod",
  "ln",
  "grep",
  "sleep",
  "cp",
  "ls",
  "stat",
  "mv",
  "rm",
];
const USER_COMMANDS = ["basename", "printf", "tr", "seq", "head", "cut"];
const SYSTEM_COMMANDS = ["ip", "udhcpc", "ifconfig"];

export const BUSYBOX = elf({ interpreter: LOADER, needed: ["libc.musl-x86_64.so.1"], runPath: "/busybox" });
export const KMOD = elf({
  interpreter: LOADER,
  needed: ["libc.musl-x86_64.so.1", "libzstd.so.1", "libz.so.1"],
});
export const MUSL = elf({ runPath: "/musl" });
export const LIBZ = elf({ needed: ["libc.musl-x86_64.so.1"], runPath: "/z" });
export const LIBZSTD = elf({ needed: ["libz.so.1"], runPath: "/zstd" });

const MODULES = `/lib/modules/${VERSION}`;

/** A guest like Alpine's: busybox and kmod with musl. */
export const BASE: Files = {
  "/init": program(INIT),
  "/usr/bin/sandboxd": program(elf({ runPath: "/sandboxd" })),
  "/usr/bin/sandboxfs": program(elf({ runPath: "/sandboxfs" })),
  "/usr/bin/sandboxssh": program(elf({ runPath: "/sandboxssh" })),
  "/bin/busybox": program(BUSYBOX),
  ...Object.fromEntries(COMMANDS.map((name) => [`/bin/${name}`, link("/bin/busybox")])),
  ...Object.fromEntries(USER_COMMANDS.map((name) => [`/usr/bin/${name}`, link("/bin/busybox")])),
  ...Object.fromEntries(SYSTEM_COMMANDS.map((name) => [`/sbin/${name}`, link("/bin/busybox")])),
  "/bin/mknod": link("busybox"),
  "/bin/sync": sameAs("/bin/busybox"),
  "/usr/share/udhcpc/default.script": program("#!/bin/sh\nip addr\n"),
  "/bin/kmod": program(KMOD),
  "/sbin/modprobe": link("../bin/kmod"),
  [LOADER]: program(MUSL),
  "/lib/libc.musl-x86_64.so.1": link("ld-musl-x86_64.so.1"),
  "/usr/lib/libz.so.1.3.1": LIBZ,
  "/usr/lib/libz.so.1": link("libz.so.1.3.1"),
  "/usr/lib/libzstd.so.1.5.7": LIBZSTD,
  "/usr/lib/libzstd.so.1": link("libzstd.so.1.5.7"),
  [`${MODULES}/modules.dep`]: [
    "kernel/drivers/char/virtio_console.ko.gz:",
    "kernel/drivers/net/virtio_net.ko.gz: kernel/drivers/net/net_failover.ko.gz kernel/net/core/failover.ko.gz",
    "kernel/drivers/net/net_failover.ko.gz: kernel/net/core/failover.ko.gz",
    "kernel/net/core/failover.ko.gz:",
    "kernel/net/packet/af_packet.ko.gz:",
    "kernel/fs/xfs/xfs.ko.gz:",
    "",
  ].join("\n"),
  [`${MODULES}/modules.builtin`]: "kernel/fs/fuse/fuse.ko\n",
  [`${MODULES}/kernel/drivers/char/virtio_console.ko.gz`]: "console",
  [`${MODULES}/kernel/drivers/net/virtio_net.ko.gz`]: "net",
  [`${MODULES}/kernel/drivers/net/net_failover.ko.gz`]: "net_failover",
  [`${MODULES}/kernel/net/core/failover.ko.gz`]: "failover",
  [`${MODULES}/kernel/net/packet/af_packet.ko.gz`]: "packet",
  [`${MODULES}/kernel/fs/xfs/xfs.ko.gz`]: "xfs",
  [`${MODULES}/build`]: link("/nowhere"),
};

export const MANIFEST = {
  version: 1,
  buildId: "618b743b-f23f-539b-a618-54438c0901bd",
  config: { arch: "x86_64", distro: "alpine", rootfs: { label: "base" }, env: ["A=b"] },
  runtimeDefaults: { rootfsMode: "memory" },
  buildTime: "2026-01-01T00:00:00.000Z",
  assets: { kernel: "vmlinuz-virt", initramfs: "initramfs.cpio.lz4", rootfs: "rootfs.ext4" },
  checksums: { kernel: "00", initramfs: "11", rootfs: "22" },
};

export interface BaseOptions {
  readonly files?: Files;
  /** Undefined: none. */
  readonly manifest?: object | undefined;
}

/** Writes guest assets into a new folder. Contents of the kernel and the initramfs are "kernel" and "initramfs". */
export function writeBase(folder: string, { files = BASE, manifest }: BaseOptions = {}): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "vmlinuz-virt"), "kernel");
  writeFileSync(join(folder, "initramfs.cpio.lz4"), "initramfs");
  if (manifest !== undefined) writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  writeRootfs(join(folder, "rootfs.ext4"), files);
  return folder;
}

export function writeRootfs(path: string, files: Files): void {
  withImage((image) => {
    image.finish(treeOf(files, (bytes, mode) => image.file(bytes, { mode })));
    copyFileSync(image.path, path);
  });
}
