/** Two userlands for a base: Debian's parts, linked with glibc, and Alpine's, with musl. */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { runOk } from "../oracles.ts";
import { ARCHITECTURES, type Architecture } from "./architecture.ts";
import { debianPackages } from "./debian.ts";
import { writeInto } from "./files.ts";

/** The folders that a base's filesystems are made from. */
export interface BaseFolders {
  readonly rootfs: string;
  readonly initramfs: string;
}

const PACKAGES = ["busybox", "kmod", "libkmod2", "libzstd1", "liblzma5", "libssl3", "libc6"];
/** What busybox and kmod name in their headers, and what those name. */
const LIBRARIES = [
  "libc.so.6",
  "libresolv.so.2",
  "libcrypto.so.3",
  "liblzma.so.5",
  "libzstd.so.1",
  "ld-linux-",
];
const KMOD_COMMANDS = ["modprobe", "depmod", "insmod", "lsmod", "modinfo", "rmmod"];

const DHCP_SCRIPT = `#!/bin/sh
case "$1" in
  deconfig) ip addr flush dev "$interface"; ip link set "$interface" up ;;
  bound|renew)
    ip addr add "$ip/\${mask:-24}" dev "$interface"
    for gateway in $router; do ip route add default via "$gateway" dev "$interface"; done
    for server in $dns; do echo "nameserver $server"; done > /etc/resolv.conf ;;
esac
`;

/** A dynamically linked busybox for every command but those of kmod; in the initramfs a static one alone. */
export function debianUserland({ rootfs, initramfs }: BaseFolders, architecture: Architecture): void {
  const packages = debianPackages(architecture, PACKAGES);
  const files = ["bin/busybox", "bin/kmod", ...libraries(packages, architecture)];
  runOk("cp", ["-a", "--parents", ...files, rootfs], { cwd: packages });
  linkBusybox(rootfs);
  for (const name of KMOD_COMMANDS) {
    rmSync(join(rootfs, "sbin", name), { force: true });
    symlinkSync("../bin/kmod", join(rootfs, "sbin", name));
  }
  for (const root of [rootfs, initramfs]) {
    writeInto(root, "usr/share/udhcpc/default.script", DHCP_SCRIPT, 0o755);
  }
  writeInto(rootfs, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
  writeInto(rootfs, "etc/group", "root:x:0:\n");

  const fixed = debianPackages(architecture, ["busybox-static"]);
  runOk("cp", ["-a", "--parents", "bin/busybox", initramfs], { cwd: fixed });
  linkBusybox(initramfs);
}

/** Alpine's minimal root filesystem in both, as Gondolin's own build has it, out of its official image. */
export function alpineUserland(folders: BaseFolders, architecture: Architecture, layout: string): void {
  const { manifests } = readJson<AlpineIndex>(layout, "index.json");
  const digest = manifests.find(({ platform }) => platform.architecture === architecture)?.digest;
  if (digest === undefined) throw new Error(`${layout} has no image for ${architecture}`);
  for (const layer of readJson<AlpineManifest>(layout, blob(digest)).layers) {
    for (const folder of [folders.rootfs, folders.initramfs]) {
      runOk("tar", ["-xzf", join(layout, blob(layer.digest)), "-C", folder]);
    }
  }
}

interface AlpineIndex {
  readonly manifests: readonly {
    readonly digest: string;
    readonly platform: { readonly architecture: string };
  }[];
}

interface AlpineManifest {
  readonly layers: readonly { readonly digest: string }[];
}

function blob(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function readJson<Document>(layout: string, path: string): Document {
  return JSON.parse(readFileSync(join(layout, path), "utf8"));
}

/** The libraries, with the links that lead to them. */
function libraries(packages: string, architecture: Architecture): string[] {
  const { loader, multiarch } = ARCHITECTURES[architecture];
  const found = [`lib/${multiarch}`, `usr/lib/${multiarch}`].flatMap((folder) =>
    readdirSync(join(packages, folder))
      .filter((name) => LIBRARIES.some((library) => name.startsWith(library)))
      .map((name) => `${folder}/${name}`),
  );
  return [loader, ...found];
}

/** Links for every command that the busybox in a folder has, where the machine's own says they belong. */
function linkBusybox(root: string): void {
  const program = readFileSync(join(root, "bin/busybox"));
  for (const path of runOk("busybox", ["--list-full"]).trim().split("\n")) {
    // Programs of another build or for another processor: their list of names stands in the file.
    const name = basename(path);
    if (name === "busybox" || !program.includes(`\0${name}\0`)) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync("/bin/busybox", join(root, path));
  }
}
