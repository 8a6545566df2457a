/** A Debian system with systemd and cloud-init, as the layers of images. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cachedFolder } from "./cache.ts";
import { debianKernel, debianSources } from "./gondolin/debian.ts";
import type { Oracle } from "./oracles.ts";
import { runOk } from "./oracles.ts";
import { withTemporaryFolder } from "./temporary.ts";

/** What making it needs; to fetch packages as root is for root. */
export const SYSTEMD_IMAGE_ORACLES: readonly Oracle[] = ["mmdebstrap", "chroot", "apt-get", "tar", "depmod"];

const PACKAGES = ["systemd-sysv", "udev", "dbus", "cloud-init", "kmod"];

/** What a kernel of Debian's needs as modules to mount a FAT volume. */
const MODULES = ["fs/fat/fat.ko", "fs/fat/vfat.ko", "fs/nls/nls_cp437.ko", "fs/nls/nls_ascii.ko"];

/** The tar of the whole system. */
export function systemdTar(): string {
  const folder = cachedFolder("debian-systemd-1", (made) => {
    const sources = debianSources();
    const suite = sources[0]?.split(" ")[2] ?? "";
    const leaveOut = ["doc", "info", "locale", "man"].map((name) => `path-exclude=/usr/share/${name}/*`);
    runOk("mmdebstrap", [
      ...["--quiet", "--variant=minbase", `--include=${PACKAGES.join(",")}`],
      ...leaveOut.map((option) => `--dpkgopt=${option}`),
      ...["--aptopt=APT::Sandbox::User root", "--format=tar", suite, join(made, "debian.tar"), ...sources],
    ]);
  });
  return join(folder, "debian.tar");
}

/** Of the kernel that tests boot. */
export function fatModulesTar(): Uint8Array {
  const { modules, release } = debianKernel("amd64");
  return withTemporaryFolder((folder) => {
    const target = join(folder, "usr/lib/modules", release);
    for (const name of MODULES) {
      const path = join(target, "kernel", name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, readFileSync(join(modules, "kernel", name)));
    }
    for (const name of ["modules.order", "modules.builtin"]) {
      writeFileSync(join(target, name), readFileSync(join(modules, name)));
    }
    runOk("depmod", ["-b", join(folder, "usr"), release]);
    const tar = join(folder, "modules.tar");
    runOk("tar", ["-cf", tar, "-C", folder, "--owner=0", "--group=0", "usr"]);
    return readFileSync(tar);
  });
}
