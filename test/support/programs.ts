/** The programs that tests need beside Bun, the Debian packages they come in, and what a machine lacks of them. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const PACKAGES = {
  e2fsck: "e2fsprogs",
  debugfs: "e2fsprogs",
  dumpe2fs: "e2fsprogs",
  mke2fs: "e2fsprogs",
  "fsck.erofs": "erofs-utils",
  "dump.erofs": "erofs-utils",
  "mkfs.erofs": "erofs-utils",
  "mkfs.xfs": "xfsprogs",
  xfs_repair: "xfsprogs",
  xfs_db: "xfsprogs",
  xfs_growfs: "xfsprogs",
  "fsck.fat": "dosfstools",
  mcopy: "mtools",
  minfo: "mtools",
  blkid: "util-linux",
  "systemd-analyze": "systemd",
  systemctl: "systemd",
  umoci: "umoci",
  skopeo: "skopeo",
  "docker-registry": "docker-registry",
  openssl: "openssl",
  "qemu-system-x86_64": "qemu-system-x86",
  "qemu-system-aarch64": "qemu-system-arm",
  "qemu-img": "qemu-utils",
  busybox: "busybox-static",
  buildah: "buildah",
  getfattr: "attr",
  setfattr: "attr",
  getfacl: "acl",
  setfacl: "acl",
  resize2fs: "e2fsprogs",
  veritysetup: "cryptsetup-bin",
  zstd: "zstd",
  gzip: "gzip",
  lz4: "lz4",
  xmllint: "libxml2-utils",
  xz: "xz-utils",
  bzip2: "bzip2",
  tar: "tar",
  git: "git",
  cpio: "cpio",
  node: "nodejs",
  npm: "npm",
  depmod: "kmod",
  mmdebstrap: "mmdebstrap",
  unshare: "util-linux",
  "apt-get": "apt",
  dpkg: "dpkg",
  "dpkg-deb": "dpkg",
  "qemu-aarch64": "qemu-user",
  "qemu-x86_64": "qemu-user",
  readelf: "binutils",
  strip: "binutils",
  as: "binutils",
  "ld-musl-config": "musl",
  /** Its libraries, no program. */
  "libc6-arm64-cross": "libc6-arm64-cross",
  dash: "dash",
  bash: "bash",
  shellcheck: "shellcheck",
  mksh: "mksh",
  zsh: "zsh",
  fish: "fish",
  man: "man-db",
  groff: "groff-base",
  mandoc: "mandoc",
  setpriv: "util-linux",
  script: "bsdutils",
  /** Other roots and other users: root's alone. */
  chroot: "coreutils",
  /** Process numbers of its own, as a container has them. */
  "pid namespace": "util-linux",
  /** Mounting a filesystem image: the kernel itself, so root with loop devices. */
  "loop mount": "mount",
  ip: "iproute2",
  /** Runtimes that start containers: root's alone, as they are used here. */
  runc: "runc",
  crun: "crun",
  chromium: "chromium",
  jsonschema: "python3-jsonschema",
  /** The runtime specification's own schema, no program. */
  "runtime-spec schema": "golang-github-opencontainers-specs-dev",
} as const;

export type Oracle = keyof typeof PACKAGES;

/** Of oracles that are not called as their program is. */
const PROGRAMS: Partial<Record<Oracle, string>> = { "loop mount": "mount", "pid namespace": "unshare" };

/** The JSON schemas of the OCI runtime specification, where their package puts them. */
export const RUNTIME_SCHEMAS = "/usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema";

/** A root filesystem of arm64 with the C library, for an emulator. */
export const ARM64_ROOT = "/usr/aarch64-linux-gnu";

/** Of oracles that are no programs. */
const FOLDERS: Partial<Record<Oracle, string>> = {
  "runtime-spec schema": RUNTIME_SCHEMAS,
  "libc6-arm64-cross": ARM64_ROOT,
};

/** What is missing: a program, or a right that no package gives. */
export interface Lack {
  /** As a message names it. */
  readonly name: string;
  readonly package?: string;
}

const found = new Map<Oracle, string | Lack>();

/** The path of an oracle's program, or undefined where the machine lacks it. */
export function findOracle(oracle: Oracle): string | undefined {
  const path = look(oracle);
  return typeof path === "string" ? path : undefined;
}

/** What of the oracles the machine lacks. */
export function lacksOf(oracles: readonly Oracle[]): Lack[] {
  return oracles.map(look).filter((each) => typeof each !== "string");
}

/** As a message names it, with its package. */
export function describeLack(lack: Lack): string {
  return lack.package === undefined ? lack.name : `${lack.name} (package ${lack.package})`;
}

/** What to do to have what is missing: a command for packages, words for the rest. */
export function remedyFor(lacks: readonly Lack[]): string[] {
  const packages = new Set(lacks.flatMap((lack) => lack.package ?? []));
  const rights = new Set(lacks.filter((lack) => lack.package === undefined).map(({ name }) => name));
  return [
    ...(packages.size > 0 ? [`apt-get install --no-install-recommends ${[...packages].join(" ")}`] : []),
    ...(rights.size > 0 ? [`run as ${[...rights].join(", ")}`] : []),
  ];
}

/** The path of a program, also where only root looks for it. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function look(oracle: Oracle): string | Lack {
  const known = found.get(oracle) ?? find(oracle);
  found.set(oracle, known);
  return known;
}

function find(oracle: Oracle): string | Lack {
  const folder = FOLDERS[oracle];
  const path = folder === undefined ? findProgram(PROGRAMS[oracle] ?? oracle) : foundFolder(folder);
  if (path === undefined) return { name: oracle, package: PACKAGES[oracle] };
  const isRoot = process.getuid?.() === 0;
  if (["chroot", "runc", "crun"].includes(oracle) && !isRoot) return { name: "root" };
  if (oracle === "loop mount" && !(isRoot && existsSync("/dev/loop-control")))
    return { name: "root with loop devices" };
  if (oracle === "pid namespace" && spawnSync(path, ["-pf", "--mount-proc", "true"]).status !== 0)
    return { name: "root with pid namespaces" };
  return path;
}

function foundFolder(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
