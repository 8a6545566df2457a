/** `docker2vm kernel`: what it says of a kernel, and the files that it writes. */
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
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
  expect(stderr).toContain(`cannot write ${scratch("no/such/folder")}`);
  expect((await runWith(["kernel"])).stderr).toContain("no PATH given");
});
