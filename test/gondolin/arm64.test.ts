/** A guest for another processor than the machine's. */
import { expect } from "bun:test";
import { guestImage, RUN } from "../support/gondolin/guest-image.ts";
import { gondolinCli } from "../support/gondolin/install.ts";
import { guestOracles } from "../support/gondolin/needs.ts";
import { expectNetwork, expectResolver, NETWORK, RESOLVER } from "../support/gondolin/network.ts";
import { askGuest } from "../support/gondolin/run-guest.ts";
import { scratchImage } from "../support/gondolin/scratch-image.ts";
import { testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
/** The first run on a machine fetches and compiles. */
const FIRST_MS = 900_000;

testWith(
  guestOracles("arm64"),
  "an image for arm64: its assets are whole, it boots and runs its workload",
  async () => {
    const image = scratch("arm64");
    await guestImage(scratchImage("arm64"), image, { architecture: "arm64" });
    const verified = gondolinCli(["build", "--verify", image]);
    expect(verified.status, verified.stderr).toBe(0);
    const said = await askGuest(
      { image, architecture: "arm64" },
      {
        machine: "cat /proc/sys/kernel/arch; exit 7",
        workload: [RUN, "7", "x y"],
        network: NETWORK,
        resolver: RESOLVER,
      },
    );
    expect(said.machine).toEqual({ stdout: "aarch64\n", stderr: "", exitCode: 7 });
    const workload = [
      "user 65532:65532",
      "directory /app",
      'greeting it\'s "here" for $5',
      "argument 7",
      "argument x y",
      "",
    ];
    expect(said.workload).toEqual({ stdout: workload.join("\n"), stderr: "", exitCode: 7 });
    expectNetwork(said.network);
    expectResolver(said.resolver);
  },
  FIRST_MS,
);
