/** Kernels whose drivers are modules: ovms-init in an initramfs loads them, and goes over to the image. */
import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import { boot } from "../support/boot.ts";
import { debianKernel } from "../support/gondolin/debian.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { MODULES, moduleInitramfs, VIRTIO } from "../support/module-initramfs.ts";
import { findOracle, type Oracle, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const QEMU: readonly Oracle[] = ["qemu-system-x86_64", "apt-get", "dpkg-deb", "busybox", ...MODULES];

testWith(
  QEMU,
  "an EROFS under an overlay in memory, with a network: all can be written, the image stays, the console is whole",
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
    writeFileSync(initrd, moduleInitramfs(debianKernel("amd64"), "amd64", ["erofs", "overlay", ...VIRTIO]));
    const script = [
      "b=/busybox; echo new >/etc/new && $b cat /etc/new; $b grep ' / ' /proc/mounts",
      "$b ifconfig eth0 | $b grep -o 'inet addr:[^ ]*'; $b cat /etc/resolv.conf; $b nc 10.0.2.100 7 </dev/null",
      "$b stty raw; exit 7",
    ].join("; ");
    const words = `quiet ro rootfstype=erofs init=/sbin/ovms-init docker2vm.root=overlay ip=dhcp -- "${script}"`;
    const devices = [
      ...["-netdev", "user,id=n0,guestfwd=tcp:10.0.2.100:7-cmd:echo from outside"],
      ...["-device", "virtio-net-pci,netdev=n0"],
    ];
    const raw = await boot(rootfsPath, words, { initrd, devices });
    const said = raw.replaceAll("\r", "");
    for (const line of [
      "new\noverlay / overlay rw,",
      "\ninet addr:10.0.2.15\nnameserver 10.0.2.3\nfrom outside\n",
      "\novms-exit: 7\n",
    ]) {
      expect(said).toContain(line);
    }
    // The workload leaves the terminal in a mode in which a line does not begin at its left.
    expect(raw).toContain("\r\novms-exit: 7\r\n");
    expect(said).not.toContain("docker2vm: ");
    expect(Buffer.compare(before, readFileSync(rootfsPath))).toBe(0);
  },
);
