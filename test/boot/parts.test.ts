/** The parts of booting that need no machine. */
import { describe, expect, spyOn, test } from "bun:test";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readBareImage } from "../../src/boot/bare-image.ts";
import { ConsoleReader } from "../../src/boot/console.ts";
import type { FoundImage } from "../../src/boot/found-image.ts";
import { parsePublication } from "../../src/boot/network.ts";
import { type BootedMachine, qemuArguments } from "../../src/boot/qemu.ts";
import { RunningMachine } from "../../src/boot/running-machine.ts";
import { wayTo } from "../../src/boot/way.ts";
import { convert } from "../../src/convert/convert.ts";
import type { FeatureName, FeatureState, FeatureStates } from "../../src/kernel/features.ts";
import type { FilesystemImage } from "../../src/reader/filesystem-image.ts";
import { openImage } from "../../src/reader/open-image.ts";
import { expectError } from "../support/expect-error.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();

describe("the console", () => {
  const read = (text: string, size = text.length) => {
    const reader = new ConsoleReader();
    for (let at = 0; at < text.length; at += size) reader.push(Buffer.from(text.slice(at, at + size)));
    return { status: reader.status, panic: reader.panic };
  };

  test("tells the last status that stands on a line of its own", () => {
    const table: [text: string, status: number | undefined][] = [
      ["hello\r\n\r\novms-exit: 7\r\n[  3.9] reboot: Power down\r\n", 7],
      ["ovms-exit: 0\nmore\novms-exit: 143\n", 143],
      ["so: ovms-exit: 1\n", undefined],
      ["ovms-exit: 1 or so\n", undefined],
      ["ovms-exit: 256\n", undefined],
      ["ovms-exit: 1", undefined],
      [`${"x".repeat(100_000)}ovms-exit: 1\novms-exit: 2\n`, 2],
    ];
    for (const [text, status] of table) {
      for (const size of [1, 3, 4096, text.length]) {
        expect([text.slice(0, 40), read(text, size).status]).toEqual([text.slice(0, 40), status]);
      }
    }
  });

  test("tells why a kernel gave up", () => {
    const said = "[ 1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\r\n";
    expect(read(said).panic).toBe("VFS: Unable to mount root fs on unknown-block(0,0)");
  });
});

describe("the way to an image", () => {
  type Asked = Parameters<typeof wayTo>[2];
  const image = (root: Partial<FoundImage["root"]> = {}, compressed = false): FoundImage => ({
    path: "/vm/rootfs.ext4",
    architecture: "amd64",
    root: { fileName: "rootfs.ext4", type: "ext4", readOnly: false, ...root },
    compressed,
    init: "/sbin/ovms-init",
    hasAddress: false,
    writableDisk: undefined,
  });
  const features = (state: FeatureState, others: Partial<Record<FeatureName, FeatureState>> = {}) => {
    const names = [
      "ext4",
      "xfs",
      "erofs",
      "overlay",
      "erofs-compressed",
      "dm-verity",
      "dm-mod.create",
      "nvme",
    ] as const;
    const all = [...names, "virtio-pci", "virtio-disk", "virtio-network"] as const;
    return { ...Object.fromEntries(all.map((name) => [name, state])), ...others } as FeatureStates;
  };
  const verity = { rootHash: "a", salt: "b", hashOffset: 4096 };

  test("is the shortest that the kernel has", () => {
    const debian = features("module", { ext4: "built-in", nvme: "built-in", "dm-mod.create": "absent" });
    const words = ["a", "docker2vm.root=overlay:/dev/vdb"];
    const initramfs = "initramfs.gz";
    const none = { words: [] };
    const table: [image: FoundImage, features: FeatureStates, asked: Asked, way: string][] = [
      [image(), features("built-in"), none, "virtio"],
      [image(), features("unknown"), none, "virtio"],
      [image(), features("module"), none, "virtio with an initramfs"],
      [image(), debian, none, "nvme"],
      [image(), debian, { words: [], initramfs }, "virtio with an initramfs"],
      [image(), debian, { words }, "virtio with an initramfs"],
      [image(), features("built-in"), { words }, "virtio"],
      [image({ type: "ext2" }), debian, none, "nvme"],
      [image({ type: "xfs" }), debian, none, "virtio with an initramfs"],
      [image({ verity }), debian, none, "virtio with an initramfs"],
      [image({ verity }), features("built-in"), none, "virtio"],
      [
        image(),
        features("built-in", { "virtio-pci": "absent" }),
        { words: [], initramfs },
        "nvme with an initramfs",
      ],
      [image(), debian, { words: [], network: true }, "virtio with an initramfs"],
      [image(), debian, { words: [], writable: "ext4" }, "virtio with an initramfs"],
      [{ ...image(), init: undefined }, debian, { words: [], writable: "xfs" }, "nvme"],
      [image(), { ...debian, overlay: "built-in" }, { words: [], writable: null }, "nvme"],
      [
        image(),
        { ...debian, overlay: "built-in" },
        { words: [], writable: "xfs" },
        "virtio with an initramfs",
      ],
    ];
    for (const [each, states, asked, expected] of table) {
      const { disk, needsInitramfs } = wayTo(each, { where: "kernel", features: states }, asked);
      expect(`${disk}${needsInitramfs ? " with an initramfs" : ""}`).toBe(expected);
    }
  });

  test("is none where the kernel lacks what the image needs", async () => {
    const table: [image: FoundImage, lacking: readonly FeatureName[]][] = [
      [image({ type: "ext3" }), ["ext4"]],
      [image({ type: "erofs" }, true), ["erofs-compressed"]],
      [image({ verity }), ["dm-verity"]],
      [image(), ["virtio-pci", "nvme"]],
    ];
    for (const [each, lacking] of table) {
      const states = features("built-in", Object.fromEntries(lacking.map((name) => [name, "absent"])));
      await expectError(
        () => wayTo(each, { where: "bzImage", features: states }, { words: [] }),
        "E_UNSUPPORTED",
        "bzImage",
        ...lacking,
      );
    }
  });
});

describe("QEMU's command line", () => {
  const machine: BootedMachine = {
    architecture: "amd64",
    root: { fileName: "rootfs.ext4", type: "ext4", readOnly: false },
    init: "/sbin/ovms-init",
    network: undefined,
    hasAddress: false,
    image: "/vm/a,b/rootfs.ext4",
    disk: "virtio",
    accelerator: "tcg",
    kernel: "/boot/vmlinuz",
    memoryMiB: 512,
    cpus: 1,
    monitor: "/tmp/monitor",
    verbose: false,
    words: [],
    args: [],
  };
  const said = (changes: Partial<BootedMachine>) => qemuArguments({ ...machine, ...changes }).join(" ");

  test("has the disk, the console and the kernel's words", () => {
    expect(said({})).toContain("file=/vm/a,,b/rootfs.ext4,if=none,id=root,format=raw -device virtio-blk-pci");
    expect(said({})).toEndWith(
      "-append console=ttyS0 root=/dev/vda rw rootfstype=ext4 init=/sbin/ovms-init panic=-1 no_timer_check quiet",
    );
    expect(said({ image: "vm:1/rootfs.ext4" })).toContain("file=./vm:1/rootfs.ext4,");
    expect(said({ disk: "nvme", accelerator: "kvm", verbose: true })).toEndWith(
      "-append console=ttyS0 root=/dev/nvme0n1 rw rootfstype=ext4 init=/sbin/ovms-init panic=-1",
    );
    expect(said({ root: { ...machine.root, readOnly: true } })).toContain("format=raw,readonly=on");
    expect(said({ architecture: "arm64", words: ["a", "b"], args: ["x", "y z", ""] })).toEndWith(
      'console=ttyAMA0 root=/dev/vda rw rootfstype=ext4 init=/sbin/ovms-init panic=-1 quiet a b -- x "y z" ""',
    );
  });

  test("has the disk for changes, which the init is told of", () => {
    const writableDisk = "vm/writable.ext4";
    const virtio = said({ writableDisk });
    expect(virtio).toContain(
      "file=./vm/writable.ext4,if=none,id=writable,format=raw -device virtio-blk-pci,",
    );
    expect(virtio).toContain(" docker2vm.root=overlay:/dev/vdb ");
    const nvme = said({ writableDisk, disk: "nvme" });
    expect(nvme).toContain("-device nvme-ns,bus=disks,drive=root,nsid=1");
    expect(nvme).toContain(" root=/dev/nvme0n1 ");
    expect(nvme).toContain(" docker2vm.root=overlay:/dev/nvme0n2 ");
    expect(said({ writableDisk, init: undefined })).not.toContain("docker2vm.root");
  });

  test("has a network where there is one, and else no word of it but for an image that has an address", () => {
    const publications = ["8080:80", "127.0.0.1:53:5353/udp"].map(parsePublication);
    const forwards = "hostfwd=tcp::8080-:80,hostfwd=udp:127.0.0.1:53-:5353";
    expect(said({ network: publications, hasAddress: true })).toContain(
      `-netdev user,id=network,${forwards} -device virtio-net-pci,netdev=network`,
    );
    expect(said({ network: [], words: ["ip=off"] })).toEndWith(" quiet ip=dhcp ip=off");
    expect(said({ network: [], init: undefined })).not.toContain("ip=");
    expect(said({ hasAddress: true })).toEndWith(" quiet ip=off");
    expect(said({ hasAddress: true })).not.toContain("-netdev");
  });

  test("publishes ports alone", async () => {
    for (const text of [
      "80",
      "0:80",
      "80:65536",
      "a:80",
      "1.2.3.400:1:2",
      "80:80/sctp",
      "1-2:1-2",
      "::1:1:2",
    ]) {
      await expectError(() => parsePublication(text), "E_USAGE", `"${text}" publishes no port`, "8080:80");
    }
  });

  test("refuses what the kernel's cannot hold", async () => {
    for (const args of [['say "hello"'], ["two\nlines"], ["x".repeat(2048)]]) {
      await expectError(() => qemuArguments({ ...machine, args }), "E_USAGE", "--cmd");
    }
  });
});

test("what a machine does not read is not all taken from whoever types it", async () => {
  const bin = scratch("bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "qemu-system-x86_64"), '#!/bin/sh\nread x; echo "got $x"; sleep 1\n', {
    mode: 0o755,
  });
  const piece = Buffer.alloc(1 << 20, "typed\n");
  let taken = 0;
  async function* input(): AsyncGenerator<Uint8Array> {
    for (; taken < 256; taken++) yield piece;
  }
  const path = process.env["PATH"];
  try {
    process.env["PATH"] = `${bin}:${path}`;
    const said: string[] = [];
    const output = async (bytes: Uint8Array) => said.push(Buffer.from(bytes).toString());
    const machine = new RunningMachine("amd64", [], scratch("monitor"), { input: input(), output });
    expect(await machine.ended).toMatchObject({ killed: false, code: 0 });
    expect(said.join("")).toBe("got typed\n");
    expect(taken).toBeLessThan(16);
  } finally {
    process.env["PATH"] = path;
  }
});

test("of an image that nothing describes no more is read than its beginnings, however large its files say they are", async () => {
  const huge = scratch("huge");
  writeFileSync(huge, "");
  truncateSync(huge, 256 << 20);
  const file = scratch("bare.ext4");
  await convert({
    source: `oci:${join(import.meta.dir, "../../fixtures/images/hello")}`,
    ...{ platform: "linux/amd64", out: { file } },
    edits: ["/sbin/ovms-init", "/etc/ovms/bootstrap.json"].map((path) => ({
      type: "add" as const,
      source: huge,
      path,
    })),
  });
  const image = await openImage(file);
  const opened: FilesystemImage = Object.getPrototypeOf(image);
  const { read } = opened;
  image.close();
  let bytes = 0;
  const spy = spyOn(opened, "read").mockImplementation(async function* (
    this: FilesystemImage,
    ...given: Parameters<FilesystemImage["read"]>
  ) {
    for await (const chunk of read.apply(this, given)) {
      bytes += chunk.length;
      yield chunk;
    }
  });
  try {
    const { signal } = new AbortController();
    expect(await readBareImage(file, signal)).toMatchObject({ init: "/sbin/ovms-init", hasAddress: false });
  } finally {
    spy.mockRestore();
  }
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(32 << 20);
});
