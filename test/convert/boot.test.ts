import { afterAll, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { runWith } from "../cli/fake-host.ts";
import { boot } from "../support/boot.ts";
import { expectCleanFilesystem, runOk, testWith } from "../support/oracles.ts";
import { buildShellImage } from "../support/shell-image.ts";

const folder = mkdtempSync(join(tmpdir(), "boot-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HELLO = join(import.meta.dir, "../../fixtures/images/hello");

testWith(
  ["qemu-system-x86_64", "apt-get", "dpkg-deb", "e2fsck"],
  "a real kernel boots the bundled image, read-write, and leaves it clean",
  async () => {
    const { rootfsPath } = await convert({ source: `oci:${HELLO}`, platform: "linux/amd64", out: folder });
    const said = await boot(rootfsPath, "rw init=/sbin/init");
    expect(said).toContain("EXT4-fs (nvme0n1): mounted filesystem");
    expect(said).toContain("hello from docker2vm");
    expect(said).not.toMatch(/EXT4-fs (error|warning)/);
    // The guest switched off without unmounting: its journal wants to be replayed.
    await expectReadable(rootfsPath);
    expectCleanAfterReplay(rootfsPath);
  },
);

async function expectReadable(image: string): Promise<void> {
  const before = readFileSync(image);
  for (const args of [
    ["verify", image],
    ["inspect", image],
    ["ls", image],
  ]) {
    const { code, stderr } = await runWith(args);
    const said =
      /^the journal was replayed in memory: \d+ blocks? of \d+ transactions?; the file is unchanged\n$/;
    expect([args, code, stderr]).toEqual([args, 0, expect.stringMatching(said)]);
  }
  expect(Buffer.compare(readFileSync(image), before)).toBe(0);
}

/** What README tells whoever boots into a shell. */
for (const [ending, last] of [
  ["poweroff -f", "reboot: Power down"],
  ["sync; exit", "Kernel panic - not syncing: Attempted to kill init!"],
] as const) {
  testWith(
    ["qemu-system-x86_64", "apt-get", "dpkg-deb", "e2fsck", "debugfs", "busybox"],
    `a shell as init: ${ending} ends the machine, and what was written is kept`,
    async () => {
      const name = ending.split(" ")[0] ?? "";
      const layout = join(folder, `${name}-image`);
      buildShellImage(layout, "latest");
      const { rootfsPath } = await convert({ source: `oci:${layout}`, out: join(folder, name) });
      const said = await boot(rootfsPath, "rw init=/bin/sh", { typed: `echo kept > /written; ${ending}\n` });
      expect(said).toContain(last);
      expectCleanAfterReplay(rootfsPath);
      expect(runOk("debugfs", ["-R", "cat /written", rootfsPath])).toBe("kept\n");
    },
  );
}

function expectCleanAfterReplay(image: string): void {
  runOk("e2fsck", ["-p", image]);
  expectCleanFilesystem(image);
}
