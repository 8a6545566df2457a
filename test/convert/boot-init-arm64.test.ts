/** The same for another processor than most machines': ovms-init for arm64 in a real kernel. */
import { expect } from "bun:test";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { bootArm } from "../support/gondolin/boot-arm.ts";
import { expectCleanFilesystem, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const HELLO = join(import.meta.dir, "../../fixtures/images/hello");

testWith(
  ["qemu-system-aarch64", "apt-get", "dpkg-deb", "e2fsck"],
  "the bundled image for arm64: its workload's words and status, and the machine ends by itself",
  async () => {
    const { rootfsPath } = await convert({
      source: `oci:${HELLO}`,
      platform: "linux/arm64",
      profile: { name: "init" },
      out: scratch("arm64"),
    });
    const parameters = "quiet rw root=/dev/nvme0n1 rootfstype=ext4 init=/sbin/ovms-init";
    const said = (await bootArm({ image: rootfsPath, parameters })).replaceAll("\r", "");
    expect(said).toContain("hello from docker2vm\n");
    expect(said).toMatch(/\novms-exit: 0\n(.*reboot: Power down\n)?$/);
    expectCleanFilesystem(rootfsPath);
  },
);
