/** `docker2vm kernel`: what it says of a kernel, and the files that it writes. */
import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bzImage, configWithin, vmlinux } from "../kernel/images.ts";
import { kernelVersion, makeDebianPackage, makeKernelFolder } from "../support/kernel-package.ts";
import { testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { runWith } from "./fake-host.ts";

const scratch = scratchFolder();

test("a kernel alone is told as far as it tells itself", async () => {
  const path = scratch("vmlinux");
  writeFileSync(path, vmlinux("amd64", configWithin("6.6.1", "CONFIG_EXT4_FS=y\nCONFIG_XFS_FS=m\n")));
  const { code, stdout } = await runWith(["kernel", path]);
  expect(code).toBe(0);
  const rows = stdout.split("\n").map((row) => row.split(/ {2,}/));
  expect(rows).toContainEqual(["Kernel", "6.6.1 (amd64, vmlinux)"]);
  expect(rows).toContainEqual(["File", path]);
  expect(rows).toContainEqual(["Known from", "its configuration"]);
  expect(rows).toContainEqual(["ext4", "built-in"]);
  expect(rows).toContainEqual(["xfs", "module"]);
  expect(rows).toContainEqual(["erofs", "absent"]);
});

test("an initramfs without modules is told where nobody knows whether the kernel has any", async () => {
  const config = "CONFIG_BLK_DEV_INITRD=y\nCONFIG_EXT4_FS=y\n";
  for (const [name, body, warning] of [
    [
      "bare",
      bzImage("6.6.1", new Uint8Array()),
      `warning: ${scratch("bare")}: nothing tells what this kernel has as modules`,
    ],
    ["known", vmlinux("amd64", configWithin("6.6.1", config)), ""],
  ] as const) {
    writeFileSync(scratch(name), body);
    const { code, stderr } = await runWith(["kernel", scratch(name), "--initramfs", scratch(`${name}.gz`)]);
    expect([code, stderr.slice(0, warning.length || undefined)]).toEqual([0, warning]);
  }
});

testWith(
  ["apt-get", "dpkg-deb"],
  "out of a package come the kernel and its initramfs, as JSON says",
  async () => {
    const kernel = bzImage(kernelVersion(), new Uint8Array());
    makeKernelFolder(scratch("package"), { kernel });
    makeDebianPackage(scratch("package"), scratch("linux.deb"), "gzip");
    const files = ["--initramfs", scratch("initramfs"), "--extract", scratch("kernel")];
    const { code, stdout } = await runWith(["kernel", scratch("linux.deb"), ...files, "--json"]);
    expect(code).toBe(0);
    const { initramfs, features, ...told } = JSON.parse(stdout);
    expect(told).toEqual({
      kernel: scratch("linux.deb"),
      image: `boot/vmlinuz-${kernelVersion()}`,
      architecture: "amd64",
      format: "bzImage",
      version: kernelVersion(),
      knownFrom: ["config", "modules"],
      extracted: scratch("kernel"),
    });
    expect(features).toMatchObject({ ext4: "built-in", erofs: "module" });
    expect(initramfs).toMatchObject({ path: scratch("initramfs"), compression: "gzip" });
    expect(initramfs.modules).toContain("erofs");
    expect(readFileSync(scratch("initramfs")).length).toBe(initramfs.bytes);
    expect(readFileSync(scratch("kernel")).equals(kernel)).toBe(true);

    const before = readFileSync(scratch("initramfs"));
    const again = await runWith(["kernel", scratch("linux.deb"), ...files]);
    expect(again.code).toBe(8);
    expect(again.stderr).toContain("exists already");
    const forced = await runWith(["kernel", scratch("linux.deb"), ...files, "--force"]);
    expect(forced.stdout).toMatch(/^Initramfs +.*\(1\.\d MiB, 18 modules\)$/m);
    expect(readFileSync(scratch("initramfs")).equals(before)).toBe(true);
  },
);

test("a file that cannot be written is an error that says where", async () => {
  const path = scratch("some");
  writeFileSync(path, vmlinux("amd64", configWithin("6.6.1", "CONFIG_EXT4_FS=y\nCONFIG_BLK_DEV_INITRD=y\n")));
  const { code, stderr } = await runWith(["kernel", path, "--initramfs", scratch("no/such/folder")]);
  expect(code).toBe(8);
  expect(stderr).toContain(`cannot write ${scratch("no/such/folder")}: there is no folder`);
  expect(stderr).toContain("make it first");
  expect((await runWith(["kernel"])).stderr).toContain("no PATH given");
});

test("of two files both are written or none, and only files are replaced", async () => {
  const kernel = scratch("two");
  writeFileSync(
    kernel,
    vmlinux("amd64", configWithin("6.6.1", "CONFIG_EXT4_FS=y\nCONFIG_BLK_DEV_INITRD=y\n")),
  );
  const folder = scratch("outputs");
  mkdirSync(join(folder, "taken"), { recursive: true });
  symlinkSync("/dev/null", join(folder, "device"));
  writeFileSync(join(folder, "there"), "old");
  const table: [extract: string, initramfs: string, force: boolean, code: number, message: string][] = [
    ["new", "there", false, 8, "use --force to replace it"],
    ["new", "no/folder", false, 8, "there is no folder"],
    ["new", "taken", true, 8, "it is a folder"],
    ["new", "device", true, 8, "it is no file"],
    ["new", "./new", false, 2, "is to be two files"],
    ["there", "there", true, 2, "is to be two files"],
  ];
  for (const [extract, initramfs, force, code, message] of table) {
    const files = ["--extract", join(folder, extract), "--initramfs", `${folder}/${initramfs}`];
    const result = await runWith(["kernel", kernel, ...files, ...(force ? ["--force"] : [])]);
    expect(result.stderr).toContain(message);
    expect(result.code).toBe(code);
    expect(readdirSync(folder).sort()).toEqual(["device", "taken", "there"]);
    expect(readFileSync(join(folder, "there"), "utf8")).toBe("old");
  }
});
