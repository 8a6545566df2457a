/** Images booted by the command, with Debian's kernel: its drivers are modules, and nobody has made an initramfs. */
import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import type { FilesystemSettings } from "../../src/convert/options.ts";
import { configWithin, vmlinux } from "../kernel/images.ts";
import { cloudKernel, cloudKernelFolder } from "../support/boot.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { buildShellImage } from "../support/shell-image.ts";
import { tar } from "../support/tar-builder.ts";
import { BOOTING, bootCommand, convertScript, once } from "./machines.ts";

const scratch = scratchFolder();

/** A small image, as one file with nothing beside it. */
async function convertFile(layout: string, file: string, filesystem: FilesystemSettings, metadata = false) {
  buildLayout(layout, { layers: [tar([{ path: "x", data: "y" }])], config: { Cmd: ["/x"] }, tag: "t" });
  const profile = { name: "init", ip: "10.0.0.2/24" } as const;
  const source = `oci:${layout}:t`;
  await convert({
    source,
    platform: "linux/arm64",
    anyPlatform: true,
    out: { file, metadata },
    filesystem,
    profile,
  });
}

testWith(BOOTING, "an EROFS says what it says, and its status is the command's", async () => {
  buildShellImage(scratch("image"), "t");
  await convertScript(scratch("image:t"), scratch("erofs"), "echo hello; read x; echo got $x; exit 7", {
    type: "erofs",
  });
  const type = once("hello\n", ({ stdin }) => stdin?.end("typed\n"));
  const { code, stdout, stderr } = await bootCommand(
    [scratch("erofs"), "--kernel", cloudKernelFolder(), "--append", "docker2vm.root=overlay"],
    type,
  );
  expect(stdout).toContain("hello\n");
  expect(stdout).toContain("got typed\n");
  expect(stderr).toStartWith("booting with TCG: as asked for");
  expect(code).toBe(7);
});

testWith(BOOTING, "a signal stops the machine in order: its workload has its say", async () => {
  buildShellImage(scratch("stopped-image"), "t");
  const script = "trap 'echo caught; exit 33' TERM; echo ready; while :; do busybox sleep 1; done";
  await convertScript(scratch("stopped-image:t"), scratch("stopped"), script, { free: 2 ** 22 });
  const { code, stdout, stderr } = await bootCommand(
    [scratch("stopped"), "--kernel", cloudKernel(), "--memory=256M", "--cpus=2"],
    once("ready\n", (child) => child.kill("SIGINT")),
  );
  expect(stdout).toContain("caught\n");
  expect(stderr).toContain("stopping the machine; once more ends it at once");
  expect(code).toBe(33);
});

test("what is missing is said with what to do, and the exit code is no workload's", async () => {
  mkdirSync(scratch("empty"));
  mkdirSync(scratch("other"));
  writeFileSync(scratch("other/meta.json"), "{}");
  const filesystem = { type: "ext4" };
  const described = JSON.stringify({ platform: "linux/amd64", profile: "init", filesystem });
  for (const name of ["bare", "whole"]) {
    mkdirSync(scratch(name));
    writeFileSync(scratch(name, "meta.json"), described);
  }
  writeFileSync(scratch("whole/rootfs.ext4"), "");
  await convertFile(scratch("hashed-image"), scratch("hashed"), { verity: true, readOnly: true });
  // Whoever a description is from: a machine writes to no other file.
  mkdirSync(scratch("led-away"));
  const writableDisk = { file: "../precious" };
  writeFileSync(
    scratch("led-away/meta.json"),
    JSON.stringify({ platform: "linux/amd64", profile: "init", filesystem, writableDisk }),
  );
  const table: [args: readonly string[], message: string, hint: string][] = [
    [[], "no DIR given", "docker2vm boot DIR"],
    [[scratch("empty")], "no kernel given", "apt-get download"],
    [[scratch("empty"), "--kernel=x"], "meta.json: there is no such file", "name a folder"],
    [[scratch("other/meta.json"), "--kernel=x"], "other/meta.json: superblock", "one filesystem"],
    [[scratch("other/meta.json/x"), "--kernel=x"], "meta.json/x: is no folder", "name a folder"],
    [[scratch("hashed"), "--kernel=x"], "hashed: it has a hash tree", "--output FILE --meta"],
    [[scratch("led-away"), "--kernel=x"], "does not describe an image", "convert the image again"],
    [[scratch("whole"), "--kernel=x", "-p=80"], '"80" publishes no port', "8080:80"],
    [
      [scratch("whole"), "--kernel=x", "--network=none", "--publish=1:2"],
      "needs a network",
      "leave --network",
    ],
    [[scratch("bare"), "--kernel=x"], "bare/rootfs.ext4: there is no such file", "convert it again"],
    [
      [scratch("whole"), "--kernel=x", "--initramfs=no"],
      "the initramfs no: there is no such file",
      "makes one",
    ],
    [[scratch("whole"), "--kernel=x", `--initramfs=${scratch("bare")}`], "bare: it is no file", "makes one"],
    [[scratch("other"), "--kernel=x"], "does not describe an image", "convert the image again"],
    [[scratch("empty"), "--kernel=x", "--memory=1000"], "1000 bytes of memory are not possible", "512M"],
    [[scratch("empty"), "--kernel=x", "--cpus=0"], "0 processors are not possible", "1 to 32"],
    [[scratch("empty"), "--out=x"], "unknown option --out", ""],
  ];
  for (const [args, message, hint] of table) {
    const { code, stderr } = await bootCommand(args);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect(code).toBe(125);
  }
});

test("what QEMU is to start with is kept for as long as it runs, however that ends", async () => {
  mkdirSync(scratch("kept"));
  mkdirSync(scratch("tmp"));
  mkdirSync(scratch("bin"));
  const filesystem = { type: "ext4" };
  writeFileSync(
    scratch("kept/meta.json"),
    JSON.stringify({ platform: "linux/amd64", profile: "init", filesystem }),
  );
  writeFileSync(scratch("kept/rootfs.ext4"), "");
  const options = ["EXT4_FS", "VIRTIO_PCI", "VIRTIO_BLK"].map((name) => `CONFIG_${name}=y\n`).join("");
  writeFileSync(scratch("vmlinux"), vmlinux("amd64", configWithin("6.6.1", options)));
  const stub = scratch("bin/qemu-system-x86_64");
  writeFileSync(stub, "#!/bin/sh\nls -A $TMPDIR | wc -l\nread x\n", { mode: 0o755 });
  const env = (TMPDIR: string) => ({
    ...process.env,
    TMPDIR,
    PATH: `${scratch("bin")}:${process.env["PATH"]}`,
  });
  const args = [scratch("kept"), "--kernel", scratch("vmlinux")];

  const twice = once("1\n", (child) => {
    child.kill("SIGTERM");
    child.stderr?.on("data", (text: string) => {
      if (text.includes("stopping the machine")) child.kill("SIGTERM");
    });
  });
  expect(await bootCommand(args, twice, env(scratch("tmp")))).toMatchObject({ code: 143, stdout: "1\n" });
  expect(readdirSync(scratch("tmp"))).toEqual([]);

  const { code, stderr } = await bootCommand(args, undefined, env(scratch("nowhere")));
  expect(stderr).toContain(`cannot be kept in ${scratch("nowhere")}`);
  expect(stderr).toContain("TMPDIR names another folder");
  expect(code).toBe(125);
});

test("a file tells what it is, or what lies beside it does; words behind it are the command", async () => {
  const filesystem = { type: "erofs", compress: "lz4" } as const;
  await convertFile(scratch("bare-image"), scratch("bare-file"), filesystem);
  await convertFile(scratch("described-image"), scratch("described"), { ...filesystem, verity: true }, true);
  mkdirSync(scratch("stubs"));
  writeFileSync(scratch("stubs/qemu-system-aarch64"), '#!/bin/sh\necho "$*"\necho\necho ovms-exit: 3\n', {
    mode: 0o755,
  });
  const names = [
    "EROFS_FS",
    "EROFS_FS_ZIP",
    "VIRTIO_PCI",
    "VIRTIO_BLK",
    "VIRTIO_NET",
    "DM_VERITY",
    "DM_INIT",
  ];
  const options = [...names, "OVERLAY_FS"].map((name) => `CONFIG_${name}=y\n`).join("");
  writeFileSync(scratch("arm64"), vmlinux("Image", configWithin("6.6.1", options)));
  writeFileSync(scratch("changes"), "");
  const env = { ...process.env, PATH: `${scratch("stubs")}:${process.env["PATH"]}` };
  const boot = async (file: string, ...more: readonly string[]) => {
    const { code, stdout, stderr } = await bootCommand(
      [scratch(file), "--kernel", scratch("arm64"), ...more],
      undefined,
      env,
    );
    expect([code, stderr]).toEqual([3, expect.stringContaining("booting with TCG")]);
    return stdout;
  };
  const bare = await boot("bare-file", "--network=none", "echo", "hi");
  expect(bare).toContain(`file=${scratch("bare-file")},if=none,id=root,format=raw,readonly=on `);
  expect(bare).toContain(" root=/dev/vda ro rootfstype=erofs init=/sbin/ovms-init ");
  expect(bare).toContain(" ip=off -- echo hi\n");
  const described = await boot("described", "--writable-disk", scratch("changes"));
  expect(described).toContain(" sha256 ");
  expect(described).toContain(" docker2vm.root=overlay:/dev/vdb ");
  expect(described).toContain("-netdev user,id=network -device");
  expect(described).toContain(" ip=dhcp\n");
});

testWith(BOOTING, "without QEMU, or the kernel's modules, says where they come from", async () => {
  buildShellImage(scratch("lacking-image"), "t");
  await convertScript(scratch("lacking-image:t"), scratch("ext4"), "true", { free: 2 ** 22 });
  await convertScript(scratch("lacking-image:t"), scratch("xfs"), "true", { type: "xfs" });
  const without = await bootCommand([scratch("ext4"), "--kernel", cloudKernel()], undefined, {
    ...process.env,
    PATH: "/nowhere",
  });
  expect(without.stderr).toContain("qemu-system-x86_64 is not on the PATH");
  expect(without.stderr).toContain("apt-get install qemu-system-x86");
  expect(without.code).toBe(125);

  mkdirSync(scratch("alone/boot"), { recursive: true });
  for (const name of ["vmlinuz", "config"]) {
    const from = cloudKernel().replace("vmlinuz", name);
    writeFileSync(scratch("alone/boot", from.slice(from.lastIndexOf("/") + 1)), await Bun.file(from).bytes());
  }
  const alone = await bootCommand([scratch("xfs"), "--kernel", scratch("alone")]);
  expect(alone.stderr).toContain("the kernel has xfs, erofs, overlay");
  expect(alone.stderr).toContain("lib/modules");
  expect(alone.code).toBe(125);
});
