import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { convert } from "../../src/convert/convert.ts";
import { alpineLayout } from "../support/images.ts";
import { differences, type KernelView, kernelView, withMounted } from "../support/kernel-view.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanFilesystem, type Oracle, testWith } from "../support/oracles.ts";
import { randomStack } from "../support/random-stack.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";
import { type ManifestDescriptor, withUmociUnpacked } from "../support/umoci.ts";

const ORACLES: readonly Oracle[] = ["umoci", "e2fsck", "getfattr", "loop mount"];
const RANDOM_STACKS = 300;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "stacks-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Views {
  /** What the kernel sees in the converted image, which e2fsck has passed. */
  readonly image: KernelView;
  readonly umoci: KernelView;
}

async function viewsOf(layout: string, manifest: ManifestDescriptor, platform: string): Promise<Views> {
  const out = join(folder, "out");
  const source = { kind: "oci-layout", path: layout, select: { digest: manifest.digest } } as const;
  const { rootfsPath } = await convert({ source, platform, out, force: true });
  expectCleanFilesystem(rootfsPath);
  const umoci = await withUmociUnpacked(layout, manifest, kernelView);
  return { image: withMounted(rootfsPath, "ro", kernelView), umoci };
}

async function viewsOfLayers(layers: readonly (readonly TarItem[])[]): Promise<Views> {
  const layout = mkdtempSync(join(folder, "layout-"));
  try {
    const { manifest } = buildLayout(layout, { layers: layers.map(tar) });
    return await viewsOf(layout, manifest, "linux/amd64");
  } finally {
    rmSync(layout, { recursive: true });
  }
}

describe("the kernel sees in the image what umoci unpacks", () => {
  const alpine = alpineLayout();
  if (alpine !== undefined) {
    const { manifests } = require(join(alpine, "index.json"));
    for (const manifest of manifests) {
      const platform = `linux/${manifest.platform.architecture}`;
      testWith(ORACLES, `of alpine for ${platform}`, async () => {
        const { image, umoci } = await viewsOf(alpine, manifest, platform);
        expect(image.size).toBeGreaterThan(500);
        expect(differences(image, umoci)).toEqual([]);
      });
    }
  }

  testWith(ORACLES, `of ${RANDOM_STACKS} stacks of layers at random`, async () => {
    await fc.assert(
      fc.asyncProperty(randomStack(), async (layers) => {
        const { image, umoci } = await viewsOfLayers(layers);
        expect(differences(image, umoci)).toEqual([]);
      }),
      { numRuns: RANDOM_STACKS },
    );
  });
});

describe("where docker2vm parts from umoci", () => {
  testWith(
    ORACLES,
    "a lower symlink under an implied directory: replaced, as by Docker's overlay; umoci follows it",
    async () => {
      const lower: TarItem[] = [
        { path: "usr/lib", type: "directory", mode: 0o755 },
        { path: "lib", type: "symlink", linkname: "usr/lib" },
      ];
      const { image, umoci } = await viewsOfLayers([lower, [{ path: "lib/x", data: "x" }]]);
      expect([...image.keys()].sort()).toEqual([".", "lib", "lib/x", "usr", "usr/lib"]);
      expect(image.get("lib")?.mode).toBe("40755");
      expect([...umoci.keys()].sort()).toEqual([".", "lib", "usr", "usr/lib", "usr/lib/x"]);
      expect(umoci.get("lib")?.target).toBe("usr/lib");
    },
  );

  testWith(ORACLES, "an attribute with an empty value: kept; umoci drops it", async () => {
    const { image, umoci } = await viewsOfLayers([[{ path: "f", pax: { "SCHILY.xattr.user.empty": "" } }]]);
    expect(image.get("f")?.xattrs).toBe("user.empty=0x");
    expect(umoci.get("f")?.xattrs).toBeUndefined();
  });

  testWith(
    ORACLES,
    "a directory that nothing describes: from the epoch; umoci's is as old as the unpacking",
    async () => {
      const { image, umoci } = await viewsOfLayers([[{ path: "d/f" }]]);
      expect(image.get("d")?.mtime).toBe(0n);
      expect(umoci.get("d")?.mtime).toBeGreaterThan(0n);
    },
  );
});
