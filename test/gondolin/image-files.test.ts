/** What a guest's root filesystem has of the image is what the plain conversion has, as the kernel shows both. */
import { expect } from "bun:test";
import { convert } from "../../src/convert/convert.ts";
import { debianImage } from "../support/gondolin/debian-image.ts";
import { guestImage, HELLO } from "../support/gondolin/guest-image.ts";
import { BASE_ORACLES } from "../support/gondolin/needs.ts";
import { scratchImage } from "../support/gondolin/scratch-image.ts";
import { alpineLayout } from "../support/images.ts";
import { differences, type KernelView, kernelView, withMounted } from "../support/kernel-view.ts";
import { expectCleanFilesystem, type Oracle, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
/** The first run on a machine fetches and compiles. */
const FIRST_MS = 900_000;

interface Image {
  readonly name: string;
  readonly layout: () => string;
  readonly needs: readonly Oracle[];
}

const alpine = alpineLayout();
const IMAGES: readonly Image[] = [
  { name: "debian", layout: debianImage, needs: ["mmdebstrap"] },
  { name: "scratch", layout: () => scratchImage("amd64"), needs: [] },
  { name: "hello", layout: () => HELLO, needs: [] },
  ...(alpine === undefined ? [] : [{ name: "alpine", layout: () => alpine, needs: [] }]),
];

function viewOf(rootfs: string): KernelView {
  expectCleanFilesystem(rootfs);
  return withMounted(rootfs, "ro", kernelView);
}

for (const { name, layout, needs } of IMAGES) {
  testWith(
    [...BASE_ORACLES, "loop mount", "getfattr", "e2fsck", ...needs],
    `the ${name} image has all its files as they were, and beside them those that are listed`,
    async () => {
      const plain = await convert({
        source: `oci:${layout()}`,
        platform: "linux/amd64",
        out: scratch(name),
      });
      const image = viewOf(plain.rootfsPath);
      expect(image.size).toBeGreaterThan(2);
      for (const mode of ["rootfs", "assets"] as const) {
        const { rootfsPath, metadata } = await guestImage(layout(), scratch(`${name}-${mode}`), { mode });
        const guest = viewOf(rootfsPath);
        const added = [...guest.keys()].filter((path) => !image.has(path)).sort();
        expect(added.map((path) => `/${path}`)).toEqual([...(metadata.injection?.paths ?? [])]);
        expect(added).toContain("init");
        for (const path of added) {
          const { owner, xattrs } = guest.get(path) ?? {};
          expect({ path, owner, xattrs }).toEqual({ path, owner: "0:0", xattrs: undefined });
          guest.delete(path);
        }
        expect(differences(guest, image)).toEqual([]);
      }
    },
    FIRST_MS,
  );
}
