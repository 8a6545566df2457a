/** What is not as it should be, and that no container runtime refuses: it is converted, and told once. */
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { addToIndex, buildLayout, json, writeBlob } from "../support/layout-builder.ts";
import { paxHeader, type TarItem, tar, tarItem } from "../support/tar-builder.ts";

const LOWER = tar([
  { path: "d", type: "directory" },
  { path: "d/x", data: "lower" },
]);

/** Converts LOWER with another layer over it, as the config's rootfs describes them; what was warned of. */
async function convertOver(
  upper: Uint8Array,
  rootfs: object = { type: "layers" },
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "docker2vm-odd-"));
  try {
    const layout = join(folder, "layout");
    const { layers, diffIds, config } = buildLayout(layout, { layers: [LOWER, upper] });
    const { os, architecture } = JSON.parse(
      readFileSync(join(layout, "blobs/sha256", config.digest.slice("sha256:".length)), "utf8"),
    );
    const odd = writeBlob(
      layout,
      json({ os, architecture, rootfs: { ...rootfs, diff_ids: diffIds } }),
      config.mediaType,
    );
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const manifest = writeBlob(layout, json({ schemaVersion: 2, config: odd, layers }), mediaType);
    addToIndex(layout, {
      ...manifest,
      annotations: { "org.opencontainers.image.ref.name": "odd" },
    });
    const { warnings } = await convert({
      source: `oci:${layout}:odd`,
      platform: "linux/amd64",
      out: join(folder, "out"),
    });
    return warnings;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const folder: TarItem = { path: "d", type: "directory" };
const xattr = (name: string): TarItem => ({ path: "f", pax: { [`SCHILY.xattr.${name}`]: "x" } });

for (const [name, upper, said] of [
  ["attributes of macOS", tar([folder, xattr("com.apple.provenance")]), "com.apple.provenance"],
  ["an attribute without a namespace", tar([folder, xattr("mine")]), '"mine"'],
  ["an empty extended header", tar([folder, { path: "h", type: "x" }, { path: "f" }]), "without contents"],
  ["an owner of -2", tar([folder, { path: "f", uid: -2 }]), "uid -2 is read as 4294967294"],
  ["an owner of all bits", tar([folder, { path: "f", gid: 2 ** 32 - 1 }]), "gid 4294967295 is none that"],
  [
    "a name below a folder that is taken away",
    tar([folder, { path: "d/.wh.x" }, { path: "d/.wh.x/f", data: "text" }]),
    "lies below a folder with a whiteout's name",
  ],
  [
    "a last file whose padding is cut off",
    Buffer.concat([tarItem(folder), tarItem({ path: "f", data: "text" }).subarray(0, 512 + 4)]),
    "in the padding of its last entry",
  ],
  [
    "a global path that would make two files one",
    tar([paxHeader({ path: "same" }, "g"), folder, { path: "f", data: "1" }, { path: "g", data: "2" }]),
    "each keeps its own",
  ],
  [
    "a mark of an opaque folder in another spelling",
    tar([folder, { path: "d/.wh..wh.opq" }]),
    "hides nothing",
  ],
  ["a whiteout below a file", tar([{ path: "d", data: "file" }, { path: "d/.wh.x" }]), "nothing to hide"],
  [
    "entries that are no files",
    tar([folder, { path: "m", type: "M", data: "rest" }, { path: "n", type: "M" }, { path: "f" }]),
    'an entry of type "M", which is no file (the first of 2 such in this layer)',
  ],
] as const) {
  test(`${name}: converted, with a warning`, async () => {
    expect(await convertOver(upper)).toEqual([expect.stringMatching(/^layer 2 /)]);
    expect((await convertOver(upper))[0]).toContain(said);
  });
}

test("a rootfs that does not say its type: converted, with a warning", async () => {
  for (const rootfs of [{}, { type: "" }, { type: null }]) {
    expect(await convertOver(tar([folder]), rootfs)).toEqual([
      expect.stringContaining('does not say "layers"'),
    ]);
  }
  expect(await convertOver(tar([folder]))).toEqual([]);
});
