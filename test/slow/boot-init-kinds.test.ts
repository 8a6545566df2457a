/** Machines of every kind that ovms-init is put into: filesystems, disks, processors, userlands. */
import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { type ConvertResult, convert } from "../../src/convert/convert.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import { runWith } from "../cli/fake-host.ts";
import { fakeMachines } from "../guest/booting.ts";
import { type BootOptions, boot } from "../support/boot.ts";
import { bootArm } from "../support/gondolin/boot-arm.ts";
import { debianKernel, debianPackages } from "../support/gondolin/debian.ts";
import { debianImage } from "../support/gondolin/debian-image.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { MODULES, moduleInitramfs, VIRTIO } from "../support/module-initramfs.ts";
import { expectCleanFilesystem, findOracle, type Oracle, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const UNPACKED: readonly Oracle[] = ["apt-get", "dpkg-deb", ...MODULES];
const QEMU: readonly Oracle[] = ["qemu-system-x86_64", "busybox", ...UNPACKED];
const INIT = "quiet init=/sbin/ovms-init";

let images = 0;

/** An image of one static program, as which a shell's script runs. */
async function machine(
  architecture: "amd64" | "arm64",
  script: string,
  more: Partial<ConvertOptions> = {},
): Promise<ConvertResult> {
  const layout = scratch(`image${images}`);
  const data = readFileSync(
    architecture === "arm64"
      ? `${debianPackages("arm64", ["busybox-static"])}/bin/busybox`
      : (findOracle("busybox") ?? ""),
  );
  buildLayout(layout, {
    layers: [tar([{ path: "busybox", mode: 0o755, data }])],
    config: { Entrypoint: ["/busybox", "sh", "-c"], Cmd: [script] },
    platform: { os: "linux", architecture },
    tag: "t",
  });
  return await convert({
    source: `oci:${layout}:t`,
    platform: `linux/${architecture}`,
    out: scratch(`out${images++}`),
    profile: { name: "init" },
    ...more,
  });
}

function initramfsOf(architecture: "amd64" | "arm64", names: readonly string[]): string {
  const path = scratch(`initramfs${images++}.gz`);
  writeFileSync(path, moduleInitramfs(debianKernel(architecture), architecture, names));
  return path;
}

async function said({ rootfsPath }: ConvertResult, words: string, options: BootOptions): Promise<string> {
  return (await boot(rootfsPath, `${INIT} ${words}`, options)).replaceAll("\r", "");
}

testWith(
  [...QEMU, "xfs_repair"],
  "XFS, with a workload that closes its streams: clean behind it, and the status is there",
  async () => {
    const script = "echo new >/kept; echo said; exec <&- >&- 2>&-; exit 7";
    const made = await machine("amd64", script, { filesystem: { type: "xfs" } });
    const initrd = initramfsOf("amd64", ["xfs"]);
    expect(await said(made, "rw rootfstype=xfs", { initrd })).toStartWith("said\n\novms-exit: 7\n");
    runOk("xfs_repair", ["-n", "-f", made.rootfsPath]);
    expect((await runWith(["cat", made.rootfsPath, "/etc/ovms/exit-status"])).stdout).toBe("7\n");
  },
);

testWith(
  [...QEMU, "mke2fs", "e2fsck"],
  "EROFS with another disk for what changes: it is there at the next boot, and the image stays as it is",
  async () => {
    const script = "/busybox cat /kept || echo none; echo kept >>/kept; exit 3";
    const made = await machine("amd64", script, { filesystem: { type: "erofs" } });
    const before = readFileSync(made.rootfsPath);
    const disk = scratch("upper");
    runOk("mke2fs", ["-q", "-t", "ext4", disk, "64M"]);
    const initrd = initramfsOf("amd64", ["erofs", "overlay", ...VIRTIO]);
    const devices = [
      ...["-drive", `file=${disk},if=none,id=d1,format=raw`, "-device", "virtio-blk-pci,drive=d1"],
    ];
    const words = "ro rootfstype=erofs docker2vm.root=overlay:/dev/vda";
    const first = await said(made, words, { initrd, devices });
    expect(first).toContain("none\n\novms-exit: 3\n");
    expect(await said(made, words, { initrd, devices })).toStartWith("kept\n\novms-exit: 3\n");
    expect(Buffer.compare(before, readFileSync(made.rootfsPath))).toBe(0);
    expectCleanFilesystem(disk);
  },
);

testWith(QEMU, "a microvm without PCI, told to restart as Firecracker is, ends by itself", async () => {
  const made = await machine("amd64", "/busybox cat /proc/cmdline; exit 5");
  const initrd = initramfsOf("amd64", ["virtio_mmio", "virtio_blk"]);
  const options = {
    initrd,
    // Under emulation the kernel has no other clock to go by.
    machine: "microvm,rtc=on,pit=on,pic=on,acpi=on",
    disk: "virtio-blk-device",
  };
  const words = "rw root=/dev/vda tsc_early_khz=2000000 reboot=k panic=1 pci=off";
  const text = await said(made, words, options);
  expect(text).toContain("reboot=k panic=1 pci=off\n\novms-exit: 5\n");
  expect(text).toContain("reboot: Restarting system");
  expectCleanFilesystem(made.rootfsPath);
});

testWith(
  ["qemu-system-aarch64", ...UNPACKED],
  "arm64: EROFS under an overlay on virtio, a hundred orphans reaped, a death by a signal",
  async () => {
    const orphans =
      "i=0; while [ $i -lt 100 ]; do (/busybox true &); i=$((i + 1)); done; " +
      "while /busybox ps -o stat | /busybox grep -q Z; do :; done; echo reaped >/kept; /busybox cat /kept; kill -9 $$";
    const { rootfsPath } = await machine("arm64", orphans, { filesystem: { type: "erofs" } });
    const initrd = initramfsOf("arm64", ["erofs", "overlay", ...VIRTIO]);
    const words = "ro root=/dev/vda rootfstype=erofs docker2vm.root=overlay docker2vm.pid1=init";
    const text = await bootArm({
      image: rootfsPath,
      initrd,
      disk: "virtio-blk-pci",
      parameters: `${INIT} ${words}`,
    });
    expect(text.replaceAll("\r", "")).toStartWith("reaped\n\novms-exit: 137\n");
  },
);

testWith(
  [...QEMU, "mmdebstrap", "e2fsck"],
  "a Debian image: its user by name, its environment, arguments of 100 KiB and lines in a variable",
  async () => {
    const script =
      'id -un; id -Gn; pwd; echo "$1" | wc -c; echo "$2"; printf "%s" "$LINES_OF" | wc -l; dpkg --print-architecture; exit 9';
    const workload = {
      entrypoint: ["bash", "-c", script, "name"],
      cmd: ["x".repeat(100 << 10), "a b"],
      env: ["LINES_OF=1\n2\n3\n"],
    };
    const made = await convert({
      source: `oci:${debianImage()}`,
      platform: "linux/amd64",
      out: scratch("debian"),
      profile: { name: "init", workload },
    });
    const text = await said(made, "rw", {});
    expect(text).toStartWith("www-data\nwww-data\n/srv/app\n102401\na b\n3\namd64\n\novms-exit: 9\n");
    expectCleanFilesystem(made.rootfsPath);
  },
);

const { native } = fakeMachines();

native("a disk that does not come is waited for, and then told", (boot) => {
  const waiting = "docker2vm: waiting for the disk /dev/vdz\ndocker2vm: the disk ";
  const root = boot({ files: { "/etc/ovms/modules": "" }, commandLine: "root=/dev/vdz" });
  expect(root.stderr).toStartWith(`${waiting}of the root filesystem is not there: /dev/vdz; mend root=`);
  const overlay = boot({ commandLine: "docker2vm.root=overlay:/dev/vdz" });
  expect(overlay.stderr).toStartWith(`${waiting}for the overlay is not there: /dev/vdz; attach it`);
  expect([root.status, overlay.status]).toEqual([125, 125]);
});

native(
  "so is a server of DHCP's",
  (boot) => {
    const before = "ip link add eth0 type veth peer name eth1";
    const { stderr, status } = boot({ commandLine: "ip=dhcp", before });
    expect(stderr).toMatch(
      /^docker2vm: DHCP on eth[01]: no server grants an address; give an address in its /,
    );
    expect(status).toBe(125);
  },
  "ip",
);
