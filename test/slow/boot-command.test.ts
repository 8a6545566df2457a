/** More machines booted by the command: each kind of filesystem and of end, packages, a terminal. */
import { expect } from "bun:test";
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { convert } from "../../src/convert/convert.ts";
import type { FilesystemSettings } from "../../src/convert/options.ts";
import { type EarlyUserspace, makeEarlyUserspace } from "../../src/kernel/early-userspace.ts";
import { openKernel } from "../../src/kernel/kernel.ts";
import { BOOTING, bootCommand, convertScript, once } from "../boot/machines.ts";
import { cloudKernel, cloudKernelFolder } from "../support/boot.ts";
import { debianKernel, debianPackages } from "../support/gondolin/debian.ts";
import { makeDebianPackage, makeKernelFolder } from "../support/kernel-package.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanFilesystem, findOracle, testWith } from "../support/oracles.ts";
import { REPOSITORY } from "../support/package.ts";
import { runBeside } from "../support/run-beside.ts";
import { scratchFolder } from "../support/scratch.ts";
import { buildShellImage } from "../support/shell-image.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();

async function withKernel(use: (early: EarlyUserspace) => Promise<void> | void): Promise<void> {
  const kernel = await openKernel(cloudKernelFolder());
  try {
    await use(await makeEarlyUserspace(kernel));
  } finally {
    await kernel.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** What a server on the port says; who is turned away asks again. */
async function hear(port: number): Promise<string> {
  for (;;) {
    const said = await new Promise<string>((resolve) => {
      let text = "";
      const socket = connect(port, "127.0.0.1");
      socket.on("data", (bytes) => {
        text += bytes.toString();
        socket.end();
      });
      socket.on("error", () => undefined).on("close", () => resolve(text));
    });
    if (said !== "") return said;
    await delay(20);
  }
}

function layout(name: string): string {
  buildShellImage(scratch(name), "t");
  return scratch(`${name}:t`);
}

testWith([...BOOTING, "xz"], "an XFS boots with a kernel that is in its package yet", async () => {
  makeKernelFolder(scratch("kernel"));
  makeDebianPackage(scratch("kernel"), scratch("linux.deb"), "gzip");
  await convertScript(layout("xfs-image"), scratch("xfs"), "echo $((6 * 7)) >/new; cat /new", {
    type: "xfs",
  });
  const { code, stdout } = await bootCommand([scratch("xfs"), "--kernel", scratch("linux.deb")]);
  expect(stdout).toContain("42\n");
  expect(code).toBe(0);
});

testWith(BOOTING, "a disk that dm-verity checks boots, and not with a flipped bit", async () => {
  const out = scratch("verity");
  await convertScript(layout("verity-image"), out, "cat /proc/mounts; exit 9", {
    readOnly: true,
    verity: true,
  });
  const args = [out, "--kernel", cloudKernelFolder()];
  const sound = await bootCommand(args);
  expect(sound.stdout).toContain("/dev/dm-0 / ext4 ro,");
  expect(sound.code).toBe(9);

  const at = readFileSync(join(out, "rootfs.ext4")).indexOf("\novms-exit: ");
  writeSync(openSync(join(out, "rootfs.ext4"), "r+"), "N", at);
  const changed = await bootCommand(args);
  expect(changed.stderr).toContain("error: the machine");
  expect(changed.code).toBe(125);
});

testWith(BOOTING, "a signal that ends the workload is 128 and its number", async () => {
  const script = "kill -9 $$";
  await convertScript(layout("killed-image"), scratch("killed"), script, { type: "ext2", free: 2 ** 22 });
  const words = ["--append=docker2vm.pid1=init", "--append=docker2vm.hostname=box"];
  const { code } = await bootCommand([scratch("killed"), "--kernel", cloudKernel(), ...words]);
  expect(code).toBe(137);
});

testWith(BOOTING, "a kernel that gives up is no status, and arguments take the command's place", async () => {
  await convertScript(layout("image"), scratch("ext4"), "true", { free: 2 ** 22 });
  const args = [scratch("ext4"), "--kernel", cloudKernel()];
  const panicked = await bootCommand([...args, "--append", "init=/none"]);
  expect(panicked.stderr).toContain("error: the machine's kernel gave up: Requested init /none failed");
  expect(panicked.code).toBe(125);
  const given = await bootCommand([...args, "--", "/bin/sh", "-c", "echo it has; exit 5"]);
  expect(given.stdout).toContain("it has\n");
  expect(given.code).toBe(5);
});

testWith(BOOTING, "qemu.sh boots what it lies beside, from wherever it is called", async () => {
  const folder = scratch("launched");
  mkdirSync(scratch("kernels"));
  const kernel = scratch("kernels/kernel");
  copyFileSync(cloudKernel(), kernel);
  await withKernel(async (early) => writeFileSync(scratch("kernels/initramfs"), early.bytes));
  await convert({
    source: `oci:${layout("launched-image")}`,
    platform: "linux/amd64",
    out: folder,
    filesystem: { type: "erofs" },
    profile: { name: "init", workload: { cmd: ["/bin/sh", "-c", "echo launched"] } },
    launch: { monitors: ["qemu"], kernel, initramfs: scratch("kernels/initramfs") },
  });
  // KVM may be there and not work.
  const script = readFileSync(join(folder, "qemu.sh"), "utf8").replace(/ +-accel kvm .*\n/, "");
  writeFileSync(join(folder, "qemu.sh"), script);
  const { stdout, status } = await runBeside([join(folder, "qemu.sh")], { cwd: "/" });
  expect(stdout).toContain("launched\r\n\r\novms-exit: 0\r\n");
  expect(status).toBe(0);
});

testWith(
  BOOTING,
  "what a machine changes is on its disk, and a port of this machine leads to it",
  async () => {
    const out = scratch("served");
    const script =
      "cat /kept || echo none; echo kept >/kept; echo ready; echo hello | busybox nc -l -p 80; exit 7";
    await convert({
      source: `oci:${layout("served-image")}`,
      platform: "linux/amd64",
      out,
      filesystem: { type: "erofs" },
      writableDisk: { size: 16 << 20 },
      profile: { name: "init", workload: { cmd: ["/bin/sh", "-c", script] } },
    });
    const port = await freePort();
    let heard: Promise<string> | undefined;
    const first = await bootCommand(
      [out, "--kernel", cloudKernelFolder(), "--publish", `127.0.0.1:${port}:80`],
      once("ready\n", () => {
        heard = hear(port);
      }),
    );
    expect(await heard).toBe("hello\n");
    expect(first.stdout).toContain("none\n");
    expect(first.code).toBe(7);

    copyFileSync(join(out, "writable.ext4"), scratch("copy"));
    const image = join(out, "rootfs.erofs");
    const words = ["cat", "/kept"];
    const again = [image, "--kernel", cloudKernelFolder(), "--writable-disk", scratch("copy"), ...words];
    expect(await bootCommand(again)).toMatchObject({ stdout: expect.stringContaining("kept\n"), code: 0 });
    expectCleanFilesystem(scratch("copy"));
  },
);

testWith(
  [...BOOTING, "qemu-system-aarch64", "dpkg"],
  "arm64 machines boot, from what is compressed and what dm-verity checks, by their own kernel alone",
  async () => {
    const data = readFileSync(join(debianPackages("arm64", ["busybox-static"]), "bin/busybox"));
    buildLayout(scratch("arm64-image"), {
      layers: [tar([{ path: "busybox", mode: 0o755, data }])],
      platform: { os: "linux", architecture: "arm64" },
      config: { Entrypoint: ["/busybox", "sh", "-c"], Cmd: ["/busybox grep ' / ' /proc/mounts; exit 3"] },
      tag: "t",
    });
    const source = `oci:${scratch("arm64-image:t")}`;
    const kernel = dirname(dirname(debianKernel("arm64").image));
    const table: [filesystem: FilesystemSettings, root: string][] = [
      [{ type: "erofs", compress: "lz4" }, "/dev/vda / erofs ro,"],
      [{ type: "ext4", readOnly: true, verity: true }, "/dev/dm-0 / ext4 ro,"],
    ];
    for (const [filesystem, root] of table) {
      const image = { source, platform: "linux/arm64", filesystem, profile: { name: "init" } } as const;
      await convert({ ...image, out: scratch("arm64"), force: true });
      const { code, stdout } = await bootCommand([scratch("arm64"), "--kernel", kernel]);
      expect([code, stdout]).toEqual([3, expect.stringContaining(root)]);
    }
    const other = await bootCommand([scratch("arm64"), "--kernel", cloudKernel()]);
    expect(other.stderr).toContain("the kernel is for amd64, the image for arm64");
    expect(other.code).toBe(125);
  },
);

testWith([...BOOTING, "script"], "Ctrl-C at a terminal stops the machine in order", async () => {
  const script = "trap 'echo caught; exit 33' TERM; echo ready; while :; do busybox sleep 1; done";
  await convertScript(layout("terminal-image"), scratch("terminal"), script, { free: 2 ** 22 });
  const main = join(REPOSITORY, "src/cli/main.ts");
  const words = [process.execPath, "--no-env-file", main, "boot", "--accel=tcg", scratch("terminal")];
  const command = [...words, "--kernel", cloudKernel()].join(" ");
  const child = spawn(findOracle("script") ?? "script", ["-qec", command, "/dev/null"]);
  let said = "";
  let pressed = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (pressed || !said.includes("ready")) return;
    pressed = true;
    child.stdin.write("\x03");
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect(said).toContain("caught");
  expect(code).toBe(33);
});
