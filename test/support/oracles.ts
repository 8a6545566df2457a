/**
 * The real programs that judge what this project makes. A machine that lacks one skips the tests that need it and
 * says once which Debian package would run them; with DOCKER2VM_REQUIRE_ORACLES=1 (as .ci/run sets it) a missing
 * one fails the run instead.
 */
import { test } from "bun:test";
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const PACKAGES = {
  e2fsck: "e2fsprogs",
  debugfs: "e2fsprogs",
  dumpe2fs: "e2fsprogs",
  mke2fs: "e2fsprogs",
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
  xz: "xz-utils",
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
  dash: "dash",
  bash: "bash",
  mksh: "mksh",
  setpriv: "util-linux",
  script: "bsdutils",
  /** Other roots and other users: root's alone. */
  chroot: "coreutils (and root)",
  /** Mounting a filesystem image: the kernel itself, so root with loop devices. */
  "loop mount": "mount (and root with loop devices)",
} as const;

export type Oracle = keyof typeof PACKAGES;

const REQUIRED = process.env["DOCKER2VM_REQUIRE_ORACLES"] === "1";
const found = new Map<Oracle, string | undefined>();
const reported = new Set<Oracle>();

/** The path of an oracle's program, or undefined where the machine lacks it. */
export function findOracle(oracle: Oracle): string | undefined {
  if (!found.has(oracle)) found.set(oracle, find(oracle));
  return found.get(oracle);
}

/** `bun:test`'s test, run only where the oracles are (see the head of this file). */
export function testWith(
  oracles: readonly Oracle[],
  name: string,
  run: () => void | Promise<void>,
  timeoutMs?: number,
): void {
  const missing = oracles.filter((oracle) => findOracle(oracle) === undefined);
  if (missing.length === 0) {
    test(name, run, timeoutMs);
    return;
  }
  if (REQUIRED) {
    test(name, () => {
      throw new Error(`needs ${missing.join(", ")}: install ${missing.map((m) => PACKAGES[m]).join(", ")}`);
    });
    return;
  }
  for (const oracle of missing) {
    if (reported.has(oracle)) continue;
    reported.add(oracle);
    console.error(`skipped: tests that need ${oracle}; the package ${PACKAGES[oracle]} would run them`);
  }
  test.skip(name, run);
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and returns what it said; a status other than 0 is not an error here. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Outcome {
  const result = spawnSync(findProgram(program) ?? program, args, {
    encoding: options.encoding ?? "utf8",
    maxBuffer: 1 << 28,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? {} : { input: options.input }),
    env: { ...process.env, LC_ALL: "C.UTF-8", ...options.env },
  });
  if (result.error) throw result.error;
  return { status: result.status ?? -1, stdout: result.stdout, stderr: result.stderr };
}

/** As `run`, but a status other than 0 throws with everything the program said. */
export function runOk(program: string, args: readonly string[], options: RunOptions = {}): string {
  const outcome = run(program, args, options);
  if (outcome.status !== 0) {
    throw new Error(
      `${program} ${args.join(" ")}: exit ${outcome.status}\n${outcome.stdout}\n${outcome.stderr}`,
    );
  }
  return outcome.stdout;
}

export interface RunOptions {
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly input?: string | Uint8Array | undefined;
  /** How the output is read: latin1 where it holds names that are bytes. */
  readonly encoding?: "utf8" | "latin1" | undefined;
}

/** As expectCleanFilesystem, in tests that run without e2fsck, too. */
export function expectCleanIfChecked(image: string): void {
  if (REQUIRED || findOracle("e2fsck") !== undefined) expectCleanFilesystem(image);
}

/** Fails unless `e2fsck -fn` finds nothing at all to say about the image. */
export function expectCleanFilesystem(image: string): void {
  runOk("e2fsck", ["-fn", image]);
}

function find(oracle: Oracle): string | undefined {
  if (oracle === "loop mount") return findLoopMount();
  if (oracle === "chroot" && process.getuid?.() !== 0) return undefined;
  return findProgram(oracle);
}

function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findLoopMount(): string | undefined {
  if (process.getuid?.() !== 0 || !existsSync("/dev/loop-control")) return undefined;
  return findProgram("mount");
}
