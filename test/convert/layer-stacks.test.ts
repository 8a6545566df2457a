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
import { randomCases } from "../support/random-cases.ts";
import { randomStack } from "../support/random-stack.ts";
import { type TarItem, tar, tarItem } from "../support/tar-builder.ts";
import { type ManifestDescriptor, withUmociUnpacked } from "../support/umoci.ts";

const ORACLES: readonly Oracle[] = ["umoci", "e2fsck", "getfattr", "loop mount"];
const RANDOM_STACKS = { some: 60, all: 300 };

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

function viewsOfLayers(layers: readonly (readonly (TarItem | Uint8Array)[])[]): Promise<Views> {
  return viewsOfTars(layers.map(tar));
}

async function viewsOfTars(layers: readonly Uint8Array[]): Promise<Views> {
  const layout = mkdtempSync(join(folder, "layout-"));
  try {
    const { manifest } = buildLayout(layout, { layers });
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

  testWith(ORACLES, "of stacks of layers at random", async () => {
    await fc.assert(
      fc.asyncProperty(randomStack(), async (layers) => {
        const { image, umoci } = await viewsOfLayers(layers);
        expect(differences(image, umoci)).toEqual([]);
      }),
      randomCases("stacks of layers", RANDOM_STACKS),
    );
  });
});

describe("oddities that no container runtime refuses are what umoci makes of them", () => {
  const lower: TarItem[] = [
    { path: "d", type: "directory" },
    { path: "d/x", data: "lower" },
  ];
  const upper = (...items: (TarItem | Uint8Array)[]) => [{ path: "d", type: "directory" }, ...items];
  const oddities: [string, readonly (TarItem | Uint8Array)[]][] = [
    ["macOS's attributes", upper({ path: "f", pax: { "SCHILY.xattr.com.apple.quarantine": "x" } })],
    ["an attribute without a namespace", upper({ path: "f", pax: { "SCHILY.xattr.mine": "x" } })],
    [
      "a malformed access control list as text",
      upper({ path: "f", pax: { "SCHILY.acl.access": "nonsense" } }),
    ],
    ["numbers after a NUL", upper({ path: "f", raw: { uid: "\x00001750", mode: "\x00000755" } })],
    ["owners beyond 32 bits", upper({ path: "f", uid: -2, gid: 2 ** 32 + 5 })],
    ["an owner that chown(2) does not set", upper({ path: "f", uid: 2 ** 32 - 1, gid: -1 })],
    ["an extended header without contents", upper({ path: "hdr", type: "x" }, { path: "f" })],
    ["contents under a name with a slash", upper({ path: "f/", data: "text" })],
    ["a mark that is no opaque folder's", upper({ path: "d/.wh..wh.opq" }, { path: "d/y" })],
  ];
  for (const [name, items] of oddities) {
    testWith(ORACLES, name, async () => {
      const { image, umoci } = await viewsOfLayers([lower, items]);
      expect(differences(image, umoci)).toEqual([]);
    });
  }

  testWith(ORACLES, "a name below a folder with a whiteout's name", async () => {
    const { image, umoci } = await viewsOfLayers([lower, upper({ path: "d/.wh.x/f", data: "text" })]);
    expect([...image.keys()].sort()).toEqual([...umoci.keys()].sort());
    expect([...image.keys()]).toContain("d/.wh.x/f");
  });

  testWith(ORACLES, "a tar that ends in the padding of its last file", async () => {
    const whole = tarItem({ path: "f", data: "text" });
    const { image, umoci } = await viewsOfTars([tar(lower), whole.subarray(0, 512 + 4)]);
    expect(differences(image, umoci)).toEqual([]);
    expect([...image.keys()]).toContain("f");
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
