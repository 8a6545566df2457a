/** The empty disk beside an image: clean, the same each time, and an upper layer that kernels and ovms-init take. */
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { runWith } from "../cli/fake-host.ts";
import { expectSilentRepair } from "../filesystem/xfs/write/mounting.ts";
import { fakeMachines, shell } from "../guest/booting.ts";
import { expectError } from "../support/expect-error.ts";
import { withMounted } from "../support/kernel-view.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanFilesystem, run, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const out = (): string => scratch("vm");
const DISK = { size: 32 << 20 };
const { native } = fakeMachines();

beforeAll(() => {
  const layers = [tar([{ path: "etc/old", data: "old\n" }])];
  buildLayout(scratch("image"), { layers, created: "2024-05-06T07:08:09Z" });
});
afterEach(() => rmSync(out(), { recursive: true, force: true }));

function options(more: Partial<ConvertOptions> = {}): ConvertOptions {
  const given = { source: `oci:${scratch("image")}`, platform: "linux/amd64", out: out(), force: true };
  return { ...given, writableDisk: DISK, ...more };
}

async function diskOf(more: Partial<ConvertOptions> = {}) {
  const { writableDiskPath = "", metadata } = await convert(options(more));
  const sha256 = createHash("sha256").update(readFileSync(writableDiskPath)).digest("hex");
  return { path: writableDiskPath, sha256, metadata: metadata.writableDisk, root: metadata.filesystem };
}

function expectClean(path: string): void {
  if (path.endsWith(".xfs")) expectSilentRepair(path);
  else expectCleanFilesystem(path);
}

describe("a writable disk", () => {
  for (const type of ["ext4", "xfs"] as const) {
    const needs = ["e2fsck", "xfs_repair", "xfs_db", "loop mount"] as const;
    testWith(needs, `of ${type} is empty, of its size, and over a root that stays`, async () => {
      const filesystem = type === "ext4" ? ({ type: "erofs" } as const) : { readOnly: true, verity: true };
      const made = await convert(options({ filesystem, writableDisk: { ...DISK, type } }));
      const { rootfsPath, writableDiskPath: disk = "", metadata } = made;
      expect(disk).toBe(join(out(), `writable.${type}`));
      expect(statSync(disk).size).toBe(DISK.size);
      expect(statSync(disk).blocks * 512).toBeLessThan(1 << 20);
      expect(JSON.parse(readFileSync(made.metadataPath ?? "", "utf8"))).toEqual(metadata);
      expectClean(disk);
      const listed = withMounted(disk, "ro", (folder) => [readdirSync(folder), statSync(folder)] as const);
      expect(listed[0]).toEqual(type === "ext4" ? ["lost+found"] : []);
      expect(listed[1]).toMatchObject({ mode: 0o40755, uid: 0, gid: 0 });
      expect(listed[1].mtime.toISOString()).toBe("2024-05-06T07:08:09.000Z");
      for (const before of ["old\n", "changed\n"]) {
        withMounted(rootfsPath, "ro", (lower) =>
          withMounted(disk, "rw", (layer) => expect(changeOver(lower, layer)).toBe(before)),
        );
        expectClean(disk);
      }
    });
  }

  test("is the same each time, and another's beside another image", async () => {
    const usual = await diskOf();
    expect(await diskOf()).toEqual(usual);
    expect(usual.metadata).toMatchObject({ file: "writable.ext4", type: "ext4", label: "writable" });
    const others = [
      await diskOf({ writableDisk: { ...DISK, size: 33 << 20 } }),
      await diskOf({ writableDisk: { ...DISK, type: "xfs" } }),
      await diskOf({ filesystem: { type: "erofs" } }),
      await diskOf({ filesystem: { uuid: "01234567-89ab-cdef-0123-456789abcdef" } }),
    ];
    const uuids = [usual, ...others].flatMap(({ metadata, root }) => [metadata?.uuid, root.uuid]);
    // Those of the roots of the first three are one: the disk is none of their options.
    expect(new Set(uuids).size).toBe(uuids.length - 2);
  });

  test("with --dense has no holes", async () => {
    const usual = await diskOf();
    const dense = await diskOf({ dense: true });
    expect(dense.sha256).toBe(usual.sha256);
    expect(statSync(dense.path).blocks * 512).toBeGreaterThanOrEqual(DISK.size);
  });

  test("comes and goes with the rest, and stays where none is asked for", async () => {
    await convert(options());
    const names = ["meta.json", "rootfs.ext4", "writable.ext4"];
    expect(readdirSync(out()).sort()).toEqual(names);
    writeFileSync(join(out(), "writable.ext4"), "a guest's");
    const onProgress = (): void => {
      throw new Error("enough");
    };
    await expect(convert(options({ onProgress }))).rejects.toThrow("enough");
    await expectError(convert(options({ force: false })), "E_OUTPUT_EXISTS", "rootfs.ext4 exists");
    await convert(options({ writableDisk: undefined }));
    expect(readFileSync(join(out(), "writable.ext4"), "utf8")).toBe("a guest's");
    await convert(options({ writableDisk: { ...DISK, type: "xfs" } }));
    expect(readdirSync(out()).sort()).toEqual(["meta.json", "rootfs.ext4", "writable.xfs"]);
    rmSync(join(out(), "rootfs.ext4"));
    rmSync(join(out(), "meta.json"));
    const again = convert(options({ force: false, writableDisk: { ...DISK, type: "xfs" } }));
    await expectError(again, "E_OUTPUT_EXISTS", "writable.xfs exists");
  });

  test("is told by a dry run as it would be", async () => {
    const plan = await planConversion(options());
    expect(plan.outputs).toContain(join(out(), "writable.ext4"));
    expect(plan.writableDisk).toEqual((await diskOf()).metadata);
  });

  test("that cannot be is refused before a layer is read", async () => {
    const refused = async (given: Partial<ConvertOptions>, code: ErrorCode, ...said: readonly string[]) => {
      const onProgress = ({ type }: { type: string }): void => expect(type).not.toBe("resolved");
      await expectError(convert(options({ onProgress, ...given })), code, ...said);
      await expectError(planConversion(options(given)), code, ...said);
    };
    await refused({ writableDisk: { size: 10 << 10 } }, "E_SIZE_TOO_SMALL", "5 MiB", "--writable-disk");
    await refused({ writableDisk: { size: 2 << 20, type: "xfs" } }, "E_SIZE_TOO_SMALL", "22 MiB");
    await refused({ writableDisk: { size: 2 ** 48 } }, "E_FILESYSTEM_LIMIT", "128 TiB");
    for (const size of [0, -1, 5000.5]) await refused({ writableDisk: { size } }, "E_USAGE", `${size} bytes`);
    await refused({ out: { file: scratch("x.img") } }, "E_USAGE", "a file beside the image");
    const wrong = { size: 1 << 30, type: "erofs" } as unknown as NonNullable<ConvertOptions["writableDisk"]>;
    await refused({ writableDisk: wrong }, "E_USAGE", '"erofs"', "ext4, xfs");
    await refused(
      { sourceDateEpoch: 15_500_000_000, filesystem: { type: "xfs" } },
      "E_USAGE",
      "ext4 can say",
    );
  });
});

describe("--writable-disk", () => {
  const command = (disk: string, ...more: readonly string[]) =>
    run(process.execPath, [
      ...[MAIN, "convert", `oci:${scratch("image")}`, "--platform", "linux/amd64", "--out", out()],
      ...["--writable-disk", disk, ...more],
    ]);

  test("takes a size and a kind, and the result names the disk", () => {
    const told = command("64M");
    expect(told.stdout).toMatch(
      /^Writable {2}\S+\/writable\.ext4, 64\.0 MiB, ext4, empty, UUID [\da-f-]{36}$/m,
    );
    const document = JSON.parse(command("64M,xfs", "--force", "--format", "json").stdout);
    expect(document.writableDisk).toBe(join(out(), "writable.xfs"));
    expect(document.meta.writableDisk).toMatchObject({ file: "writable.xfs", type: "xfs", blocks: 16384 });
    const planned = JSON.parse(command("64M,xfs", "--dry-run").stdout);
    expect(planned.writableDisk).toEqual(document.meta.writableDisk);
  });

  for (const [disk, said] of [
    ["64M,btrfs", '"btrfs"'],
    ["64M,", '""'],
    ["64M,xfs,ext4", '"xfs,ext4"'],
    ["large", '"large" is not a size'],
  ] as const) {
    test(`refuses ${disk}`, async () => {
      const ran = await runWith(["convert", "oci:./app", "--out", "vm", "--writable-disk", disk]);
      expect(ran).toMatchObject({ code: 2, options: undefined });
      expect(ran.stderr).toContain(said);
    });
  }
});

for (const type of ["ext4", "xfs"] as const) {
  native(
    `ovms-init lays an overlay over a read-only root with a ${type} disk for its changes`,
    (boot) => {
      const made = run(process.execPath, [
        ...[MAIN, "convert", `oci:${scratch("image")}`, "--platform", "linux/amd64", "--out", out()],
        ...["--writable-disk", `64M,${type}`, "--quiet"],
      ]);
      expect(made).toMatchObject({ status: 0 });
      const disk = join(out(), `writable.${type}`);
      const machine = {
        files: { "/etc/old": "old\n" },
        commandLine: "ro docker2vm.root=overlay:/dev/vdb",
        before: `loop=$(losetup -f --show "${disk}"); cp -a "$loop" "$R/dev/vdb"; mount -o remount,ro "$R"`,
        after: `losetup -d $(losetup -n -O NAME -j "${disk}")`,
      };
      const change = shell("cat /etc/old; echo changed >/etc/old; echo new >/etc/new");
      expect(boot({ ...machine, config: change })).toMatchObject({ stdout: "old\n", status: 0 });
      const look = shell("cat /etc/old /etc/new; exit 6");
      expect(boot({ ...machine, config: look })).toMatchObject({ stdout: "changed\nnew\n", status: 6 });
      expectClean(disk);
    },
    "loop mount",
    "e2fsck",
    "xfs_repair",
    "xfs_db",
  );
}

/** Changes /etc/old of a mounted image by an overlay, whose changes go to `layer`; returns what it was. */
function changeOver(lower: string, layer: string): string {
  const merged = scratch("merged");
  for (const folder of [merged, join(layer, "upper"), join(layer, "work")]) {
    mkdirSync(folder, { recursive: true });
  }
  const folders = `lowerdir=${lower},upperdir=${join(layer, "upper")},workdir=${join(layer, "work")}`;
  runOk("mount", ["-t", "overlay", "overlay", "-o", folders, merged]);
  try {
    const before = readFileSync(join(merged, "etc/old"), "utf8");
    writeFileSync(join(merged, "etc/old"), "changed\n");
    mkdirSync(join(merged, "var"), { recursive: true });
    return before;
  } finally {
    runOk("umount", [merged]);
  }
}
