/** A Debian system as an OCI layout, with files whose owner and privileges are easily lost on the way. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "../cache.ts";
import { buildLayout } from "../layout-builder.ts";
import { findOracle, runOk } from "../oracles.ts";
import { tar } from "../tar-builder.ts";
import { withTemporaryFolder } from "../temporary.ts";
import { debianSources } from "./debian.ts";

/** What is in the image besides Debian's essential packages. */
export const DEBIAN_FILES = {
  /** Of 1000:1000, 0600. */
  owned: "/srv/app/owned",
  /** `busybox-setuid id -u`, 4755: busybox itself gives the privilege up, so this is for those who look. */
  setuid: "/usr/local/bin/busybox-setuid",
  /** `busybox-capable cat FILE` reads what its user may not: cap_dac_read_search+ep. */
  capable: "/usr/local/bin/busybox-capable",
} as const;

/**
 * What the image's config says: a user by name, commands out of PATH, and variables that guests also set. The PATH is
 * without the folders of system programs.
 */
export const DEBIAN_CONFIG = {
  User: "www-data",
  WorkingDir: "/srv/app",
  Entrypoint: ["env"],
  Cmd: ["-0"],
  Env: [
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "LANG=C.UTF-8",
    "GREETING='\"$HOME\"\\' \n\u00fc",
    "my.setting=by no shell",
    "TMPDIR=/var/tmp",
    "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
  ],
} as const;

/** 2025-01-01 */
const TIME = 1_735_689_600;
const CAP_DAC_READ_SEARCH = 2;

/**
 * The folder of a layout for linux/amd64, tagged "latest": essential packages (bash, coreutils, util-linux; /bin and
 * /lib are links into /usr), and DEBIAN_FILES in a second layer. Needs mmdebstrap and busybox.
 */
export function debianImage(): string {
  return cachedFolder("debian-image-2", (folder) => {
    buildLayout(folder, {
      layers: [essentialPackages(), specialFiles()],
      tag: "latest",
      created: new Date(TIME * 1000).toISOString(),
      config: DEBIAN_CONFIG,
    });
  });
}

function essentialPackages(): Uint8Array {
  return withTemporaryFolder((folder) => {
    const file = join(folder, "debian.tar");
    const sources = debianSources();
    const suite = sources[0]?.split(" ")[2] ?? "";
    const leaveOut = ["doc", "info", "locale", "man"].map((name) => `path-exclude=/usr/share/${name}/*`);
    const options = ["--quiet", "--variant=essential", ...leaveOut.map((option) => `--dpkgopt=${option}`)];
    runOk("mmdebstrap", [...options, "--format=tar", suite, file, ...sources], {
      env: { SOURCE_DATE_EPOCH: String(TIME) },
    });
    return readFileSync(file);
  });
}

function specialFiles(): Uint8Array {
  const busybox = readFileSync(findOracle("busybox") ?? "");
  const owner = { uid: 1000, gid: 1000, mtime: TIME };
  const program = { data: busybox, mtime: TIME };
  return tar([
    { path: "srv/app/", type: "directory", mode: 0o755, ...owner },
    { path: relative(DEBIAN_FILES.owned), mode: 0o600, data: "owned\n", ...owner },
    { path: relative(DEBIAN_FILES.setuid), mode: 0o4755, ...program },
    {
      path: relative(DEBIAN_FILES.capable),
      mode: 0o755,
      pax: { "SCHILY.xattr.security.capability": capability(CAP_DAC_READ_SEARCH).toString("latin1") },
      ...program,
    },
  ]);
}

function relative(path: string): string {
  return path.slice(1);
}

/** struct vfs_cap_data of linux/capability.h: revision 2, effective; permitted this one. */
function capability(number: number): Buffer {
  const data = Buffer.alloc(20);
  data.writeUInt32LE(0x02000001, 0);
  data.writeUInt32LE(2 ** number, 4);
  return data;
}
