import { afterAll, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { runWith } from "../cli/fake-host.ts";
import { boot } from "../support/boot.ts";
import { expectCleanFilesystem, runOk, testWith } from "../support/oracles.ts";

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

function expectCleanAfterReplay(image: string): void {
  runOk("e2fsck", ["-p", image]);
  expectCleanFilesystem(image);
}
