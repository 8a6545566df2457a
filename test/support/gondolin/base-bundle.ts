/**
 * Guest bundles as Gondolin's own Alpine build makes them (not those of its OCI build): kernel, an initramfs with no
 * more modules than the root disk asks for, a root filesystem with all of them, manifest.
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { cachedFolder } from "../cache.ts";
import { alpineLayout } from "../images.ts";
import { runOk } from "../oracles.ts";
import { withTemporaryFolder } from "../temporary.ts";
import { ARCHITECTURES, type Architecture } from "./architecture.ts";
import { debianKernel, type Kernel } from "./debian.ts";
import { writeInto } from "./files.ts";
import { type Gondolin, gondolin } from "./install.ts";
import { BUILT_IN_ELSEWHERE, installModules, moduleFiles } from "./kernel-modules.ts";
import { alpineUserland, type BaseFolders, debianUserland } from "./userlands.ts";

const RECIPE = [
  ...["architecture.ts", "base-bundle.ts", "build-script.ts", "debian.ts", "files.ts", "install.ts"],
  ...["kernel-modules.ts", "userlands.ts"],
];

/**
 * In place of rng-tools, for init to start. It only stays: the signal of its end may interrupt a line that init writes,
 * which busybox's shell counts as a failed command, and those end init.
 */
const RNGD = "#!/bin/sh\nexec sleep 1000000\n";

export interface BaseOptions {
  /**
   * "debian" unless given: busybox and kmod, both linked with glibc, modules compressed with xz. "alpine": musl, where
   * modprobe is busybox, and modules compressed with gzip; it needs `alpineLayout()`.
   */
  readonly userland?: "debian" | "alpine";
}

/** What build-script.ts is told. */
export interface BuildRequest {
  readonly packageDir: string;
  /** Folders that become the two filesystems. */
  readonly rootfs: string;
  readonly initramfs: string;
  readonly kernel: string;
  readonly machine: string;
  /** Where the bundle goes. */
  readonly out: string;
}

/** The folder of a bundle: vmlinuz-virt, initramfs.cpio.lz4, rootfs.ext4, manifest.json. Not to be written to. */
export function baseBundle(architecture: Architecture, options: BaseOptions = {}): string {
  const { userland = "debian" } = options;
  const kernel = debianKernel(architecture);
  return cachedFolder(`base-${userland}-${architecture}-${kernel.release}-${recipe()}`, (out) => {
    withTemporaryFolder((work) => {
      const folders = { rootfs: join(work, "rootfs"), initramfs: join(work, "initramfs") };
      for (const folder of Object.values(folders)) mkdirSync(folder);
      if (userland === "debian") debianUserland(folders, architecture);
      else alpineUserland(folders, architecture, alpineLayout() ?? "");
      build(folders, kernel, { architecture, out, compression: userland === "debian" ? "xz" : "gz" });
    });
  });
}

interface BuildOptions {
  readonly architecture: Architecture;
  readonly compression: "xz" | "gz";
  readonly out: string;
}

function build(folders: BaseFolders, kernel: Kernel, { architecture, compression, out }: BuildOptions): void {
  const real = gondolin();
  const { rootfs, initramfs } = folders;
  cpSync(real.helpers(architecture), join(rootfs, "usr/bin"), { recursive: true });
  for (const folder of ["dev", "etc", "proc", "run", "sys"]) {
    for (const root of [rootfs, initramfs]) mkdirSync(join(root, folder), { recursive: true });
  }
  const { rootfsInit, initramfsInit } = initScripts(real);
  writeInto(rootfs, "init", rootfsInit, 0o755);
  writeInto(initramfs, "init", initramfsInit, 0o755);
  writeInto(rootfs, "usr/sbin/rngd", RNGD, 0o755);
  installModules(kernel, rootfs, compression);
  standInForBuiltIns(folders, kernel);
  runOk(
    real.node,
    [
      join(import.meta.dir, "build-script.ts"),
      JSON.stringify({
        ...folders,
        packageDir: real.packageDir,
        kernel: kernel.image,
        machine: ARCHITECTURES[architecture].machine,
        out,
      } satisfies BuildRequest),
    ],
    { env: { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` } },
  );
}

function initScripts({ node, packageDir }: Gondolin): { rootfsInit: string; initramfsInit: string } {
  const module = JSON.stringify(join(packageDir, "dist/src/alpine/init-scripts.js"));
  const program = `import * as scripts from ${module}; console.log(JSON.stringify({
    rootfsInit: scripts.ROOTFS_INIT_SCRIPT, initramfsInit: scripts.INITRAMFS_INIT_SCRIPT }))`;
  return JSON.parse(runOk(node, ["--input-type=module", "--eval", program]));
}

/**
 * An Alpine kernel finds its disk and Gondolin's ports without any module. Debian's does so once these are loaded, which
 * the first modprobe of the initramfs sees to; that one then does what it was called for.
 */
function standInForBuiltIns({ rootfs, initramfs }: BaseFolders, kernel: Kernel): void {
  const modules = `lib/modules/${kernel.release}`;
  const modulesDep = readFileSync(join(rootfs, modules, "modules.dep"), "utf8");
  for (const path of moduleFiles(modulesDep, BUILT_IN_ELSEWHERE)) {
    mkdirSync(dirname(join(initramfs, modules, path)), { recursive: true });
    cpSync(join(rootfs, modules, path), join(initramfs, modules, path));
  }
  rmSync(join(initramfs, "sbin/modprobe"), { force: true });
  const script = `#!/bin/sh
if [ ! -e /run/buses ]; then
  : > /run/buses
  for module in ${BUILT_IN_ELSEWHERE.join(" ")}; do /bin/busybox modprobe "$module"; done
fi
exec /bin/busybox modprobe "$@"
`;
  writeInto(initramfs, "sbin/modprobe", script, 0o755);
}

/** Changes with what a bundle is made by. */
function recipe(): string {
  const hash = createHash("sha256");
  for (const name of RECIPE) hash.update(readFileSync(join(import.meta.dir, name)));
  return hash.digest("hex").slice(0, 12);
}
