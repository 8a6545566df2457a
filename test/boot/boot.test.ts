/** Images booted by the command, with Debian's kernel: its drivers are modules, and nobody has made an initramfs. */
import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { configWithin, vmlinux } from "../kernel/images.ts";
import { cloudKernel, cloudKernelFolder } from "../support/boot.ts";
import { testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { buildShellImage } from "../support/shell-image.ts";
import { BOOTING, bootCommand, convertScript, once } from "./machines.ts";

const scratch = scratchFolder();

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
  const table: [args: readonly string[], message: string, hint: string][] = [
    [[], "no DIR given", "docker2vm boot DIR"],
    [[scratch("empty")], "no kernel given", "apt-get download"],
    [[scratch("empty"), "--kernel=x"], "meta.json: there is no such file", "name a folder"],
    [[scratch("other/meta.json"), "--kernel=x"], "other/meta.json: is no folder", "name a folder"],
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
