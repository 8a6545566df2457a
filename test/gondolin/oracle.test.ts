/** The oracle itself: the real Gondolin boots its own kind of bundle, so that a guest that fails later is our doing. */
import { expect } from "bun:test";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { baseBundle } from "../support/gondolin/base-bundle.ts";
import { gondolinCli } from "../support/gondolin/install.ts";
import { guestOracles } from "../support/gondolin/needs.ts";
import { execInGuest, type GuestResult, runGuest } from "../support/gondolin/run-guest.ts";
import { alpineLayout } from "../support/images.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
/** The first test on a machine fetches and compiles. */
const FIRST_MS = 900_000;

const COMMANDS = [
  ["/bin/echo", "hello from the guest"],
  "exit 7",
  ["/bin/uname", "-m"],
  "echo to stderr >&2; grep -o '^[^ ]* / [^ ]*' /proc/mounts",
  "cut -d ' ' -f 1 /proc/modules",
  ["/sbin/modprobe", "dummy"],
  "test -d /sys/module/dummy",
  "touch /written",
] as const;

function expectResults(results: readonly GuestResult[], machine: string): void {
  const [hello, exit, uname, streams, modules, ...rest] = results;
  expect(hello).toEqual({ stdout: "hello from the guest\n", stderr: "", exitCode: 0 });
  expect(exit).toEqual({ stdout: "", stderr: "", exitCode: 7 });
  expect(uname?.stdout).toBe(`${machine}\n`);
  expect(streams).toEqual({ stdout: "/dev/vda / ext4\n", stderr: "to stderr\n", exitCode: 0 });
  // The initramfs has none of these: they are loaded by the modprobe of the root filesystem, which decompresses them.
  expect(modules?.stdout.split("\n")).toEqual(expect.arrayContaining(["virtio_net", "virtio_rng", "fuse"]));
  expect(rest.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
}

testWith(
  guestOracles(),
  "Gondolin boots a base of Debian's parts and leaves it as it was",
  async () => {
    const image = baseBundle("amd64");
    const { checksums, config } = JSON.parse(readFileSync(join(image, "manifest.json"), "utf8"));
    const { results, console } = await runGuest({ image, commands: COMMANDS });
    expectResults(results, "x86_64");
    expect(console).toContain("lease of 192.168.");
    expect(console).not.toMatch(/not ready|missing$/m);
    expect(config.arch).toBe("x86_64");
    expect(runOk("sha256sum", [join(image, "rootfs.ext4")])).toStartWith(checksums.rootfs);
  },
  FIRST_MS,
);

const alpine = alpineLayout();
if (alpine !== undefined) {
  testWith(
    guestOracles(),
    "Gondolin boots a base of Alpine's userland, keeping what is written in memory",
    async () => {
      const image = baseBundle("amd64", { userland: "alpine" });
      const commands = [...COMMANDS, "cat /etc/alpine-release"];
      const results = await execInGuest({ image, commands, rootfsMode: "memory" });
      expectResults(results.slice(0, COMMANDS.length), "x86_64");
      expect(results.at(-1)?.stdout).toMatch(/^3\./);
    },
    FIRST_MS,
  );
}

testWith(
  guestOracles("arm64"),
  "Gondolin boots a base for arm64",
  async () => {
    const results = await execInGuest({
      image: baseBundle("arm64"),
      architecture: "arm64",
      commands: COMMANDS,
    });
    expectResults(results, "aarch64");
  },
  FIRST_MS,
);

testWith(
  [...guestOracles(), "debugfs"],
  "an imported bundle boots by its name, and a disk in place of its own is written to",
  async () => {
    const image = baseBundle("amd64");
    const env = { GONDOLIN_IMAGE_STORE: scratch("store") };
    const imported = gondolinCli(["image", "import", image, "--tag", "oracle:test"], env);
    expect(imported.status, imported.stderr).toBe(0);
    const rootDisk = scratch("disk.ext4");
    cpSync(join(image, "rootfs.ext4"), rootDisk);
    const commands = ["echo kept > /kept; sync"];
    const [result] = await execInGuest({ image: "oracle:test", env, rootDisk, commands });
    expect(result?.exitCode).toBe(0);
    expect(runOk("debugfs", ["-R", "cat /kept", rootDisk])).toBe("kept\n");
  },
  FIRST_MS,
);

testWith(
  guestOracles(),
  "a guest that does not come up is an error with its console",
  async () => {
    // Gondolin's init makes folders, and this base has not got them.
    const run = execInGuest({ image: baseBundle("amd64"), rootfsMode: "readonly", commands: ["true"] });
    await expect(run).rejects.toThrow(/Read-only file system.*Attempted to kill init/s);
  },
  FIRST_MS,
);
