/** Kernels whose drivers are modules: ovms-init in an initramfs loads them, and goes over to the image. */
import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import { boot } from "../support/boot.ts";
import { debianKernel } from "../support/gondolin/debian.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { MODULES, moduleInitramfs } from "../support/module-initramfs.ts";
import { findOracle, type Oracle, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const QEMU: readonly Oracle[] = ["qemu-system-x86_64", "apt-get", "dpkg-deb", "busybox", ...MODULES];

testWith(
  QEMU,
  "an EROFS under an overlay in memory: everything can be written, and the image stays as it is",
  async () => {
    const layout = scratch("image");
    const data = readFileSync(findOracle("busybox") ?? "");
    buildLayout(layout, {
      layers: [tar([{ path: "busybox", mode: 0o755, data }])],
      config: { Entrypoint: ["/busybox", "sh", "-c"] },
      tag: "t",
    });
    const { rootfsPath } = await convert({
      source: `oci:${layout}:t`,
      platform: "linux/amd64",
      out: scratch("out"),
      profile: { name: "init" },
      filesystem: { type: "erofs" },
    });
    const before = readFileSync(rootfsPath);
    const initrd = scratch("initramfs.gz");
    writeFileSync(initrd, moduleInitramfs(debianKernel("amd64"), "amd64", ["erofs", "overlay"]));
    const script = "echo new >/etc/new && /busybox cat /etc/new; /busybox grep ' / ' /proc/mounts; exit 7";
    const words = `quiet ro rootfstype=erofs init=/sbin/ovms-init docker2vm.root=overlay -- "${script}"`;
    const said = (await boot(rootfsPath, words, { initrd })).replaceAll("\r", "");
    expect(said).toContain("new\n");
    expect(said).toContain("\noverlay / overlay rw,");
    expect(said).toContain("\novms-exit: 7\n");
    expect(said).not.toContain("docker2vm: ");
    expect(Buffer.compare(before, readFileSync(rootfsPath))).toBe(0);
  },
);
