/** A guest that trusts one root hash: it boots from the image behind it, and not from one with a flipped bit. */
import { expect } from "bun:test";
import { openSync, readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { boot, cloudKernel } from "../support/boot.ts";
import { type InitramfsFile, initramfs } from "../support/initramfs.ts";
import { findOracle, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const HELLO = join(import.meta.dir, "../../fixtures/images/hello");
/** In the order in which they need one another. */
const MODULES = ["reed_solomon", "dm-mod", "dm-bufio", "dm-verity"];

function init(rootHash: string, hashOffset: number): string {
  return `#!/bin/busybox sh
B=/bin/busybox
$B mount -t devtmpfs none /dev
$B mount -t proc none /proc
$B mount -t sysfs none /sys
for m in ${MODULES.join(" ")}; do $B insmod /modules/$m.ko; done
export DM_DISABLE_UDEV=1
/sbin/veritysetup open /dev/nvme0n1 root /dev/nvme0n1 ${rootHash} --hash-offset=${hashOffset} || echo "no root"
$B mount -t ext4 -o ro /dev/mapper/root /newroot && echo "mounted"
exec $B switch_root /newroot /sbin/ovms-init
`;
}

/** busybox, this machine's veritysetup with what it links to, the kernel's own modules. */
function earlyUserspace(script: string): Buffer {
  const folders = new Set<string>(["dev", "proc", "sys", "newroot", "modules", "run", "tmp"]);
  const files: InitramfsFile[] = [{ path: "init", mode: 0o100755, data: script }];
  const add = (path: string, source: string): void => {
    for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) folders.add(folder);
    files.push({ path, mode: 0o100755, data: readFileSync(source) });
  };
  const veritysetup = findOracle("veritysetup") ?? "";
  add("bin/busybox", findOracle("busybox") ?? "");
  add("sbin/veritysetup", veritysetup);
  for (const [, path = ""] of runOk("ldd", [veritysetup]).matchAll(/(\/\S+) \(0x/g)) add(path.slice(1), path);
  const modules = join(dirname(cloudKernel()), "../lib/modules");
  const found = readdirSync(modules, { recursive: true, encoding: "utf8" });
  for (const name of MODULES) {
    const path = found.find((file) => file.endsWith(`/${name}.ko`)) ?? name;
    files.push({ path: `modules/${name}.ko`, mode: 0o100644, data: readFileSync(join(modules, path)) });
  }
  const directories = [...folders].sort().map((path) => ({ path, mode: 0o040755 }));
  return initramfs([...directories, ...files]);
}

testWith(
  ["qemu-system-x86_64", "apt-get", "dpkg-deb", "busybox", "veritysetup"],
  "a guest boots from what its root hash vouches for, and from nothing else",
  async () => {
    const { rootfsPath, metadata } = await convert({
      source: `oci:${HELLO}`,
      platform: "linux/amd64",
      out: scratch("out"),
      filesystem: { readOnly: true, verity: true },
      profile: { name: "init" },
    });
    const { rootHash = "", hashOffset = 0 } = metadata.filesystem.verity ?? {};
    const initrd = scratch("initramfs.gz");
    writeFileSync(initrd, earlyUserspace(init(rootHash, hashOffset)));
    const parameters = "quiet loglevel=4 ro";
    const whole = (await boot(rootfsPath, parameters, { initrd })).replaceAll("\r", "");
    expect(whole).toContain("hello from docker2vm\n");
    expect(whole).toContain("\novms-exit: 0\n");

    // One bit of the program that says it.
    const at = readFileSync(rootfsPath).indexOf("hello from docker2vm");
    writeSync(openSync(rootfsPath, "r+"), "H", at);
    const said = await boot(rootfsPath, parameters, { initrd });
    expect(said).toContain("mounted");
    expect(said).toMatch(/verity.*corrupted/);
    expect(said).not.toContain("from docker2vm");
  },
);
