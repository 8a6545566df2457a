/** Guests of Gondolin's in each of its modes, on bases of another userland than the image's wherever there is one. */
import { expect } from "bun:test";
import { join } from "node:path";
import { baseBundle } from "../support/gondolin/base-bundle.ts";
import { debianImage } from "../support/gondolin/debian-image.ts";
import { type GuestImageOptions, guestImage, RUN } from "../support/gondolin/guest-image.ts";
import { guestOracles } from "../support/gondolin/needs.ts";
import { expectNetwork, NETWORK } from "../support/gondolin/network.ts";
import { askGuest, type GuestOptions } from "../support/gondolin/run-guest.ts";
import { scratchImage } from "../support/gondolin/scratch-image.ts";
import { alpineLayout } from "../support/images.ts";
import { type Oracle, run, testWith } from "../support/oracles.ts";
import { withTemporaryFolder } from "../support/temporary.ts";

const FIRST_MS = 900_000;
const SMOKE = join(import.meta.dir, "../gondolin/smoke.ts");

type Userland = NonNullable<GuestImageOptions["userland"]>;

interface Image {
  readonly name: string;
  readonly layout: () => string;
  readonly needs: readonly Oracle[];
  readonly userland: Userland;
  /** A program of the image's own and what it prints. */
  readonly program: readonly string[];
  readonly prints: string;
  /** Arguments with which the image's workload ends with 7. */
  readonly workload: readonly string[];
  /** How it is run: each way once, and every image as it is run by itself. */
  readonly ways: readonly ("cow" | "memory" | "readonly" | "root disk")[];
}

const alpine = alpineLayout();
const other: Userland = alpine === undefined ? "debian" : "alpine";
const IMAGES: readonly Image[] = [
  {
    name: "debian",
    layout: debianImage,
    needs: ["mmdebstrap"],
    userland: other,
    program: ["/usr/bin/dpkg", "--print-architecture"],
    prints: "amd64\n",
    workload: ["sh", "-c", "exit 7"],
    ways: ["cow", "memory"],
  },
  {
    name: "scratch",
    layout: () => scratchImage("amd64"),
    needs: [],
    userland: other,
    program: ["/app/tool"],
    prints: "user 0:0\n",
    workload: ["7"],
    ways: ["cow", "readonly"],
  },
];
const ALPINE = {
  name: "alpine",
  needs: [],
  userland: "debian",
  program: ["/sbin/apk", "--print-arch"],
  prints: "x86_64\n",
  workload: ["sh", "-c", "exit 7"],
  ways: ["cow", "root disk"],
} as const;

async function expectGuest(guest: Omit<GuestOptions, "commands">, image: Image): Promise<void> {
  const said = await askGuest(guest, {
    program: image.program,
    shell: ["/bin/sh", "-c", "echo out; exit 7"],
    network: NETWORK,
    workload: [RUN, ...image.workload],
  });
  expect(said.program).toMatchObject({ stdout: expect.stringContaining(image.prints), exitCode: 0 });
  expect(said.shell).toEqual({ stdout: "out\n", stderr: "", exitCode: 7 });
  expectNetwork(said.network);
  expect(said.workload).toMatchObject({ stderr: "", exitCode: 7 });
}

for (const image of alpine === undefined ? IMAGES : [...IMAGES, { ...ALPINE, layout: () => alpine }]) {
  const { name, layout, needs, userland, ways } = image;
  for (const way of ways) {
    testWith(
      [...guestOracles(), ...needs],
      `the ${name} image on a base of ${userland}'s parts, ${way}`,
      () =>
        withTemporaryFolder(async (folder) => {
          const out = join(folder, "guest");
          if (way === "root disk") {
            const { rootfsPath } = await guestImage(layout(), out, { userland, mode: "rootfs" });
            await expectGuest({ image: baseBundle("amd64", { userland }), rootDisk: rootfsPath }, image);
          } else {
            await guestImage(layout(), out, { userland });
            await expectGuest({ image: out, rootfsMode: way }, image);
          }
        }),
      FIRST_MS,
    );
  }
}

testWith(
  guestOracles(process.arch === "arm64" ? "arm64" : "amd64"),
  "the smoke test converts the bundled image, boots it and ends as its command does",
  () => {
    const ran = run(process.execPath, [SMOKE]);
    expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining("up: Linux version ") });
    expect(ran.stderr).toMatch(/^Ended +with 0$/m);
    const failed = run(process.execPath, [SMOKE, "oci:/nowhere"]);
    expect(failed).toMatchObject({ status: 1, stdout: "" });
    expect(failed.stderr).toMatch(/^Failed +\/nowhere: there is no such file or folder$/m);
  },
  FIRST_MS,
);
