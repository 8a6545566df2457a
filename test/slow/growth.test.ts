/** What was made small grows: by resize2fs while nobody has it mounted, and under a running guest. */
import { expect } from "bun:test";
import { readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { VariantName } from "../../src/filesystem/ext4/write/variant.ts";
import type { Directory, Inode } from "../../src/tree/inode.ts";
import {
  device,
  directory,
  directoryOf,
  fixed,
  Image,
  MIB,
  symlink,
  withImage,
} from "../filesystem/ext4/write/images.ts";
import { expectSilentCheck, withMount } from "../filesystem/ext4/write/mounting.ts";
import { boot } from "../support/boot.ts";
import { expectCleanFilesystem, findOracle, runOk, testWith } from "../support/oracles.ts";

const GIB = 2 ** 30;

function block(image: string, name: string): string {
  return new RegExp(`^${name}:\\s+(.*)$`, "m").exec(runOk("dumpe2fs", ["-h", image]))?.[1] ?? "";
}

for (const [format, from, to] of [
  ["ext4", 64 * MIB, 1],
  ["ext4", 64 * MIB, 20],
  ["ext4", 64 * MIB, 3000],
  ["ext4", 40_000, 20],
  ["ext3", 64 * MIB, 20],
  ["ext2", 64 * MIB, 20],
] as const satisfies readonly (readonly [VariantName, number, number])[]) {
  testWith(
    ["resize2fs", "e2fsck", "loop mount", "dumpe2fs"],
    `${format} of ${from} blocks grows to ${to} GiB while it is not mounted`,
    () => {
      withImage(
        (image) => {
          const contents = Buffer.alloc(20_000_000, "contents");
          image.finish(directory({ file: image.file(contents) }), { size: fixed(from) });
          truncateSync(image.path, to * GIB);
          runOk("resize2fs", [image.path]);
          expectSilentCheck(image.path);
          expect(Number(block(image.path, "Block count"))).toBe((to * GIB) / 4096);
          withMount(
            image.path,
            "rw",
            (mountPoint) => {
              expect(readFileSync(join(mountPoint, "file")).equals(contents)).toBe(true);
              runOk("cp", [join(mountPoint, "file"), join(mountPoint, "copy")]);
            },
            format,
          );
          expectSilentCheck(image.path);
        },
        undefined,
        format,
      );
    },
  );
}

testWith(["resize2fs", "e2fsck", "loop mount"], "an image shrinks to its contents and grows again", () => {
  withImage((image) => {
    image.finish(directory({ file: image.file("x".repeat(5_000_000)) }), { size: fixed(2048 * MIB) });
    runOk("resize2fs", ["-M", image.path]);
    expectSilentCheck(image.path);
    expect(Number(block(image.path, "Block count"))).toBeLessThan(130 * MIB);
    runOk("resize2fs", [image.path, "4G"]);
    expectSilentCheck(image.path);
    withMount(image.path, "ro", (mountPoint) => {
      expect(readFileSync(join(mountPoint, "file"), "latin1")).toBe("x".repeat(5_000_000));
    });
  }, 2048 * MIB);
});

/** What the guest runs: grows its own root, fills some of what it got, and switches off. */
const INIT = `#!/bin/busybox sh
set -e
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox mount -t proc none /proc
# Without it resize2fs does not know that the kernel can grow a filesystem that reserves no descriptors.
/bin/busybox mount -t sysfs none /sys
echo "before: $(/bin/busybox stat -f -c %b /)"
/sbin/resize2fs /dev/nvme0n1
echo "after: $(/bin/busybox stat -f -c %b /)"
/bin/busybox dd if=/dev/zero of=/big bs=1M count=200
/bin/busybox mkdir /many
i=0
while [ $i -lt 500 ]; do echo $i > /many/$i; i=$((i + 1)); done
/bin/busybox mount -o remount,ro /
echo "grown and read-only"
/bin/busybox poweroff -f
`;

/** Files of a guest with busybox and this machine's resize2fs with what it links to. */
function guest(image: Image): Directory {
  const root = directory({
    dev: directory({ console: device("char", 5, 1) }),
    proc: directory(),
    sys: directory(),
  });
  const program = (path: string, bytes: Uint8Array | string): void =>
    put(root, path, image.file(bytes, { mode: 0o755 }));
  program("/sbin/init", INIT);
  program("/bin/busybox", readFileSync(findOracle("busybox") ?? ""));
  const resize2fs = findOracle("resize2fs") ?? "";
  program("/sbin/resize2fs", readFileSync(resize2fs));
  for (const [, path = ""] of runOk("ldd", [resize2fs]).matchAll(/(\/\S+) \(0x/g))
    program(path, readFileSync(path));
  put(root, "/etc/mtab", symlink("/proc/mounts"));
  return root;
}

function put(root: Directory, path: string, inode: Inode): void {
  const names = path.split("/").filter((name) => name !== "");
  const last = names.pop() ?? "";
  let folder = root;
  for (const name of names) {
    const next = folder.entries.get(name) ?? directoryOf(new Map());
    folder.entries.set(name, next);
    if (next.type === "directory") folder = next;
  }
  folder.entries.set(last, inode);
}

for (const format of ["ext4", "ext3"] as const) {
  testWith(
    ["qemu-system-x86_64", "apt-get", "dpkg-deb", "busybox", "resize2fs", "e2fsck", "dumpe2fs"],
    `a running guest grows its own ${format} root from 64 MiB to 20 GiB`,
    async () => {
      const image = new Image(undefined, format);
      try {
        image.finish(guest(image), { size: fixed(64 * MIB) });
        truncateSync(image.path, 20 * GIB);
        const said = await boot(image.path, `rw rootfstype=${format} init=/sbin/init`);
        expect(said).toContain("grown and read-only");
        expect(said).not.toMatch(/EXT4-fs (error|warning)/);
        const [, before = ""] = /before: (\d+)/.exec(said) ?? [];
        const [, after = ""] = /after: (\d+)/.exec(said) ?? [];
        expect(Number(before)).toBeLessThan(64 * MIB);
        expect(Number(after)).toBeGreaterThan(19 * 256 * 1024);
        expectCleanFilesystem(image.path);
        expect(Number(block(image.path, "Block count"))).toBe((20 * GIB) / 4096);
      } finally {
        image.remove();
      }
    },
  );
}
