/** Conversions to XFS, from options to what the kernel shows. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { ConvertOptions, FilesystemSettings } from "../../src/convert/options.ts";
import { expectSilentRepair, withMount } from "../filesystem/xfs/write/mounting.ts";
import { expectError } from "../support/expect-error.ts";
import { alpineLayout } from "../support/images.ts";
import { differences, kernelView, withMounted } from "../support/kernel-view.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { run, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";
import { fileBytes } from "./smallest.ts";

const scratch = scratchFolder();
const HELLO = `oci:${join(import.meta.dir, "../../fixtures/images/hello")}`;
const ORACLES = ["xfs_repair", "xfs_db", "loop mount", "getfattr"] as const;

async function made(
  source: string,
  asked: FilesystemSettings = {},
  { out = scratch("out"), workers }: Partial<ConvertOptions> = {},
) {
  const filesystem: FilesystemSettings = { type: "xfs", ...asked };
  return await convert({ source, platform: "linux/amd64", out, force: true, workers, filesystem });
}

async function digest(source: string, asked: FilesystemSettings, workers: number): Promise<string> {
  const { rootfsPath } = await made(source, asked, { workers });
  return createHash("sha256").update(readFileSync(rootfsPath)).digest("hex");
}

/** Layers that share the image in turns, and of which the last removes what lies low. */
function unevenLayers(): TarItem[][] {
  const sizes = [3_000_000, 10, 9_000_000, 2_000_000, 0, 45_000_000];
  const layers = sizes.map((size, layer): TarItem[] => [
    { path: `big${layer}`, data: fileBytes(size, layer, layer === 2) },
    ...Array.from({ length: 40 }, (_, n) => ({ path: `d/f${(n * 7) % 60}`, data: fileBytes(n * 100, n) })),
    { path: `d/.wh.f${layer}` },
  ]);
  return [...layers, [{ path: ".wh.big0" }, { path: ".wh.big3" }]];
}

function build(name: string, layers: readonly (readonly TarItem[])[]): string {
  buildLayout(scratch(name), { layers: layers.map((items) => tar(items)), compress: "none" });
  return `oci:${scratch(name)}`;
}

describe("the kernel shows on XFS what it shows on ext4", () => {
  const kinds: readonly (readonly [name: string, options: FilesystemSettings])[] = [
    ["of the size that is chosen", {}],
    ["of the smallest size", { size: "min" }],
    ["for reading only", { readOnly: true }],
    ["of a size that is given", { size: 2 ** 30 }],
    ["with a log as long as asked for", { journal: 2 ** 25 }],
  ];
  const sources = [
    ["the bundled image", () => HELLO],
    ["layers that replace one another", () => build("uneven", unevenLayers())],
    ...(alpineLayout() === undefined ? [] : [["alpine", () => `oci:${alpineLayout()}`] as const]),
  ] as const;
  for (const [name, source] of sources) {
    testWith([...ORACLES], `of ${name}`, async () => {
      const image = source();
      const { rootfsPath } = await made(image, { type: "ext4" }, { out: scratch("ext4") });
      const usual = withMounted(rootfsPath, "ro", kernelView);
      for (const [, options] of kinds) {
        const { rootfsPath: xfs, metadata } = await made(image, options);
        expect(metadata.filesystem.type).toBe("xfs");
        expect(readdirSync(scratch("out")).sort()).toEqual(["meta.json", "rootfs.xfs"]);
        expectSilentRepair(xfs);
        const view = withMount(xfs, "ro", kernelView);
        expect(differences(view, usual)).toEqual([]);
      }
    });
  }
});

describe("the same image and options give the same bytes", () => {
  for (const size of ["auto", "min"] as const) {
    test(`by any number of threads, size ${size}`, async () => {
      const source = build("threads", unevenLayers());
      const alone = await digest(source, { size }, 0);
      for (const workers of [1, 2, 4]) expect(await digest(source, { size }, workers)).toBe(alone);
    });
  }
});

describe("options", () => {
  const plan = (asked: FilesystemSettings) =>
    planConversion({
      source: HELLO,
      platform: "linux/amd64",
      out: scratch("out"),
      filesystem: { type: "xfs", ...asked },
    });

  test("a dry run tells the size and the UUID", async () => {
    for (const options of [{}, { size: 2 ** 28 + 5000 }, { size: 2 ** 25 + 63 * 4096 }, { readOnly: true }]) {
      const planned = await plan(options);
      const { metadata, apparentBytes } = await made(HELLO, options);
      expect(planned.filesystem).toMatchObject({ type: "xfs", uuid: metadata.filesystem.uuid });
      if ("size" in options) {
        expect(planned.apparentBytes).toBe(apparentBytes);
        expect(planned.filesystem.blocks).toBe(metadata.filesystem.blocks);
      } else expect(planned.filesystem.blocks).toBeNull();
    }
  });

  testWith(["xfs_db"], "the label and the UUID are those asked for", async () => {
    const uuid = "01234567-89ab-cdef-0123-456789abcdef";
    const { rootfsPath } = await made(HELLO, { label: "twelve bytes", uuid });
    const args = ["-r", "-c", "sb 0", "-c", "print fname uuid", rootfsPath];
    expect(run("xfs_db", args).stdout).toBe(`fname = "twelve bytes"\nuuid = ${uuid}\n`);
  });

  testWith(["veritysetup", "xfs_repair", "xfs_db"], "a hash tree lies behind the filesystem", async () => {
    const { rootfsPath, metadata } = await made(HELLO, { verity: true, readOnly: true });
    const { rootHash = "", hashOffset = 0 } = metadata.filesystem.verity ?? {};
    const args = ["verify", rootfsPath, rootfsPath, rootHash, `--hash-offset=${hashOffset}`];
    expect(run("veritysetup", args).status).toBe(0);
    expectSilentRepair(rootfsPath);
  });

  testWith(["loop mount"], "there is a lost+found where one is asked for, and none else", async () => {
    const names = async (options: FilesystemSettings) =>
      withMount((await made(HELLO, options)).rootfsPath, "ro", (folder) => readdirSync(folder));
    expect(await names({})).not.toContain("lost+found");
    expect(await names({ lostAndFound: false })).not.toContain("lost+found");
    expect(await names({ lostAndFound: true })).toContain("lost+found");
  });

  const refused: readonly (readonly [options: Partial<ConvertOptions>, ...said: string[]])[] = [
    [{ filesystem: { inodes: 1000 } }, "no fixed number of inodes", "leave the number of inodes out"],
    [{ filesystem: { journal: "off" } }, "always has a journal"],
    [{ filesystem: { journal: 2 ** 20 } }, "a log of 256 blocks", "from 6M"],
    [{ filesystem: { journal: 2 ** 31 } }, "a log of 524288 blocks", "to 2047M"],
    [{ filesystem: { label: "thirteen chars" } }, "label", "at most 12 bytes"],
    [{ sourceDateEpoch: 16_299_260_425 }, "later than xfs can say", "2486-07-02"],
    [{ profile: { name: "gondolin" } }, "a Gondolin guest does not boot from xfs"],
  ];
  for (const [options, ...said] of refused) {
    test(`refused before anything is read: ${said[0]}`, async () => {
      const source = "oci:/nowhere";
      const filesystem: FilesystemSettings = { type: "xfs", ...options.filesystem };
      const attempt = () => convert({ source, out: scratch("none"), ...options, filesystem });
      await expectError(attempt, "E_USAGE", ...said);
    });
  }

  test("a size beyond what is made is a limit, one too small an error with what is needed", async () => {
    await expectError(
      () => made(HELLO, { size: 2 ** 50 + 4096 }),
      "E_FILESYSTEM_LIMIT",
      "at most 1125899906842624",
    );
    await expectError(() => made(HELLO, { size: 2 ** 24 }), "E_SIZE_TOO_SMALL", "(22 MiB)");
    expect((await made(HELLO, { size: 22 * 2 ** 20 })).metadata.filesystem.blocks).toBe(22 * 256);
  });
});
