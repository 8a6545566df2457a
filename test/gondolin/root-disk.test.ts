/** Images converted with --mode rootfs, booted by the real Gondolin in place of its own root filesystem. */
import { expect } from "bun:test";
import { baseBundle } from "../support/gondolin/base-bundle.ts";
import { debianImage } from "../support/gondolin/debian-image.ts";
import { guestImage, RUN } from "../support/gondolin/guest-image.ts";
import { guestOracles } from "../support/gondolin/needs.ts";
import { expectNetwork, expectResolver, NETWORK, RESOLVER } from "../support/gondolin/network.ts";
import { askGuest } from "../support/gondolin/run-guest.ts";
import { scratchImage } from "../support/gondolin/scratch-image.ts";
import { type Oracle, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
/** The first test on a machine fetches and compiles. */
const FIRST_MS = 900_000;

interface Case {
  readonly layout: () => string;
  readonly needs: readonly Oracle[];
  /** What the workload prints with these arguments; it ends with 7. */
  readonly arguments: readonly string[];
  readonly prints: string;
}

const CASES: Readonly<Record<string, Case>> = {
  debian: {
    layout: debianImage,
    needs: ["mmdebstrap"],
    arguments: ["sh", "-c", "id -un; exit 7"],
    prints: "www-data\n",
  },
  scratch: {
    layout: () => scratchImage("amd64"),
    needs: [],
    arguments: ["7"],
    prints: "argument 7\n",
  },
};

for (const [name, { layout, needs, arguments: args, prints }] of Object.entries(CASES)) {
  testWith(
    [...guestOracles(), ...needs, "debugfs"],
    `the ${name} image as a root disk, with the base's kernel and initramfs`,
    async () => {
      const { rootfsPath } = await guestImage(layout(), scratch(name), { mode: "rootfs" });
      const said = await askGuest(
        { image: baseBundle("amd64"), rootDisk: rootfsPath },
        {
          shell: "grep -c ' / ext4 rw' /proc/mounts; exit 7",
          // The base's initramfs has none of these: it is the root disk that brings and loads them.
          modules: 'for name in virtio_net virtio_rng fuse; do grep -o "^$name " /proc/modules; done',
          network: NETWORK,
          resolver: RESOLVER,
          workload: [RUN, ...args],
          write: "echo kept > /kept && sync",
        },
      );
      expect(said.shell).toEqual({ stdout: "1\n", stderr: "", exitCode: 7 });
      expect(said.modules.stdout).toBe("virtio_net \nvirtio_rng \nfuse \n");
      expectNetwork(said.network);
      expectResolver(said.resolver);
      expect(said.workload).toMatchObject({ stdout: expect.stringContaining(prints), exitCode: 7 });
      expect(said.write.exitCode).toBe(0);
      expect(runOk("debugfs", ["-R", "cat /kept", rootfsPath])).toBe("kept\n");
    },
    FIRST_MS,
  );
}
