/** What growing makes, by those who know: e2fsck, dumpe2fs, the kernel, and the reader for what files there are. */
import { expect, test } from "bun:test";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import type { FilesystemSettings } from "../../src/convert/options.ts";
import { resizeImage } from "../../src/resize/resize-image.ts";
import { runWith } from "../cli/fake-host.ts";
import { withFilesystem } from "../filesystem/ext4/read/support.ts";
import { expectSilentCheck, withMount } from "../filesystem/ext4/write/mounting.ts";
import { readerView } from "../filesystem/reading/views.ts";
import { expectError } from "../support/expect-error.ts";
import { expectCleanFilesystem, expectCleanIfChecked, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { GIB, MIB, makeImage, told } from "./growing.ts";

const scratch = scratchFolder();
const HELLO = `oci:${join(import.meta.dir, "../../fixtures/images/hello")}`;

/** The bundled image, converted. */
async function converted(name: string, filesystem: FilesystemSettings): Promise<string> {
  const file = scratch(name);
  await convert({ source: HELLO, platform: "linux/amd64", out: { file }, force: true, filesystem });
  return file;
}

for (const type of ["ext4", "ext3", "ext2"] as const) {
  testWith(
    ["e2fsck", "loop mount"],
    `the smallest ${type} grows to 20 GiB, and the kernel works on it`,
    async () => {
      const image = await converted(`grown.${type}`, { type, size: "min" });
      const before = withFilesystem(image, readerView);
      const result = await resizeImage(image, { size: 20 * GIB });
      expect(result).toMatchObject({ changed: true, after: { size: 20 * GIB, groups: 160 } });
      expect(statSync(image).size).toBe(20 * GIB);
      expectSilentCheck(image);
      expect(withFilesystem(image, readerView)).toEqual(before);
      expect(await resizeImage(image, { size: 20 * GIB })).toMatchObject({ changed: false });
      withMount(
        image,
        "rw",
        (mountPoint) => {
          for (let i = 0; i < 40; i++) mkdirSync(join(mountPoint, `folder-${i}`));
          for (let i = 0; i < 400; i++) {
            writeFileSync(join(mountPoint, `folder-${i % 40}`, `file-${i}`), `contents ${i}`.repeat(i));
          }
        },
        type,
      );
      expectSilentCheck(image);
    },
  );
}

testWith(
  ["mke2fs", "dumpe2fs", "e2fsck"],
  "the reserve and inodes keep their share, backups are right",
  async () => {
    const image = scratch("share");
    makeImage(image, "48M", "-t ext3 -b 1024 -m 5 -E resize=300000");
    const inodes = Number(told(image, "Inodes per group"));
    const reserve = Number(told(image, "Reserved block count"));
    expect(reserve).toBeGreaterThan(2000);
    await resizeImage(image, { size: 900 * MIB });
    expect(Number(told(image, "Reserved block count"))).toBe(Math.floor((reserve * 900) / 48));
    expect(Number(told(image, "Inode count"))).toBe(inodes * Math.ceil((900 * 1024 - 1) / 8192));
    // One block is reserved, which 300,000 blocks take: the rest goes by meta_bg.
    expect(told(image, "Filesystem features")).toContain("meta_bg");
    expect(told(image, "Filesystem features")).not.toContain("resize_inode");
    expectCleanFilesystem(image);
    expectBackup(image, 8193);
  },
);

testWith(["mke2fs", "dumpe2fs", "e2fsck"], "backups of sparse_super2 stay where they are", async () => {
  // In MiB, of which a group has eight, with the groups that have backups then.
  const cases = [
    [6, 14, "1"],
    [6, 30, "1 3"],
    [14, 15, "1"],
    [14, 30, "1 3"],
    [30, 60, "1 3"],
  ] as const;
  for (const [from, to, backups] of cases) {
    const image = scratch("backups");
    rmSync(image, { force: true });
    makeImage(image, `${from}M`, "-t ext3 -b 1024 -O sparse_super2");
    await resizeImage(image, { size: to * MIB });
    expect([from, to, told(image, "Backup block groups").trim()]).toEqual([from, to, backups]);
    expectCleanFilesystem(image);
  }
});

/** Fails unless a filesystem without checksums is found clean by this backup alone. */
function expectBackup(image: string, block: number): void {
  runOk("e2fsck", ["-fn", "-b", String(block), "-B", "1024", image]);
}

testWith(
  ["mke2fs"],
  "the same image grows to the same bytes, and in one step to those of a dry run",
  async () => {
    const made = ["a", "b"].map((name) => scratch(name));
    makeImage(made[0] as string, "20M", "-t ext4 -b 1024");
    writeFileSync(made[1] as string, readFileSync(made[0] as string));
    const plan = await resizeImage(made[0] as string, { size: 50 * MIB, dryRun: true });
    expect(readFileSync(made[0] as string).equals(readFileSync(made[1] as string))).toBe(true);
    for (const image of made) expect(await resizeImage(image, { size: 50 * MIB })).toEqual(plan);
    expect(readFileSync(made[0] as string).equals(readFileSync(made[1] as string))).toBe(true);
  },
);

test("the command tells before and after, and that nothing is to be done", async () => {
  const image = await converted("told.ext4", { size: 64 * MIB });
  const dry = await runWith(["resize", image, "--size", "1G", "--dry-run"]);
  expect(dry.stdout).toMatch(/^Before {4}64\.0 MiB, .*\nWould be {2}1\.0 GiB, .* 262144 blocks in 8 groups/);
  const { stdout } = await runWith(["resize", image, "--size", "1G", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ file: image, dryRun: false, changed: true, featuresAdded: [], featuresRemoved: [] },
    ...{ before: { size: 64 * MIB, groups: 1 }, after: { size: GIB, blocks: 262144, groups: 8 } },
  });
  expectCleanIfChecked(image);
  const again = await runWith(["resize", image, "--size", "1G"]);
  expect([again.code, again.stdout]).toEqual([0, "nothing to do: the filesystem has 1.0 GiB\n"]);
  const little = await runWith(["resize", image, "--size", String(GIB + 64 * 1024)]);
  expect([little.code, little.stdout]).toEqual([
    0,
    "nothing to do: the filesystem has 1.0 GiB; a group of 64.0 KiB more would only hold its own tables\n",
  ]);
});

test("what cannot be grown is refused, with what helps, and stays as it is", async () => {
  const image = await converted("refused.ext4", { size: 64 * MIB });
  const verity = await converted("verity.ext4", { size: 64 * MIB, verity: true });
  const longer = await converted("longer.ext4", { size: 64 * MIB });
  const file = openSync(longer, "r+");
  writeSync(file, "something", 70 * MIB);
  closeSync(file);
  const readOnly = await converted("read-only.ext4", { size: 64 * MIB, readOnly: true });
  const cases = [
    [image, 32 * MIB, 8, "'docker2vm convert image:FILE --size SIZE'"],
    [image, 100, 8, "is not made smaller"],
    [image, GIB + 5, 2, `ask for ${GIB + 4096}`],
    [verity, GIB, 7, "convert the image anew, with --verity"],
    [longer, GIB, 7, `'truncate -s ${64 * MIB}'`],
    [readOnly, GIB, 7, "has the feature read-only"],
    [await converted("a.erofs", { type: "erofs" }), GIB, 7, "convert image:FILE --fs ext4"],
    [
      await converted("a.xfs", { type: "xfs" }),
      GIB,
      7,
      `'truncate -s ${GIB}' makes the file longer; then xfs_growfs`,
    ],
    [scratch(), GIB, 7, "not a regular file"],
    [scratch("nowhere"), GIB, 3, "no such file"],
    [join(import.meta.dir, "resize.test.ts"), GIB, 7, "no magic number"],
  ] as const;
  for (const [path, size, code, said] of cases) {
    const before = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    const ran = await runWith(["resize", path, "--size", String(size)]);
    expect([path, ran.code, ran.stdout]).toEqual([path, code, ""]);
    expect(ran.stderr).toContain(said);
    expect(statSync(path, { throwIfNoEntry: false })?.mtimeMs).toBe(before);
  }
  expect((await runWith(["resize", image])).stderr).toContain("docker2vm resize");
  // A longer file without anything in it is what many make first.
  truncateSync(image, 200 * MIB);
  expect(await resizeImage(image, { size: 128 * MIB })).toMatchObject({ after: { size: 128 * MIB } });
  expect(statSync(image).size).toBe(200 * MIB);
  expectCleanIfChecked(image);
});

testWith(
  ["mke2fs", "e2fsck"],
  "a resize inode that lacks pointers gets them, one with others is refused",
  async () => {
    const image = scratch("pointers");
    makeImage(image, "20M", "-t ext4 -b 1024 -E resize=300000");
    const [, block] = /\(DIND\):(\d+)/.exec(runOk("debugfs", ["-R", "stat <7>", image])) ?? [];
    const put = (byte: number): void => {
      const file = openSync(image, "r+");
      writeSync(file, new Uint8Array(1024).fill(byte), 0, 1024, Number(block) * 1024);
      closeSync(file);
    };
    put(9);
    await expectError(resizeImage(image, { size: 200 * MIB }), "E_INVALID_FILESYSTEM", "resize inode");
    put(0);
    runOk("debugfs", ["-w", "-R", "set_inode_field <7> blocks 2", image]);
    // It looks at a quarter of the reserved blocks, which of two is none.
    expectCleanFilesystem(image);
    await resizeImage(image, { size: 200 * MIB });
    expectCleanFilesystem(image);
  },
);

testWith(["mke2fs"], "descriptors go over nothing that is only said to be reserved for them", async () => {
  const image = scratch("unreserved");
  makeImage(image, "64M", "-t ext4 -b 4096 -O ^resize_inode");
  runOk("debugfs", ["-w", "-R", "set_super_value reserved_gdt_blocks 7", image]);
  const before = readFileSync(image);
  await expectError(
    resizeImage(image, { size: 20 * GIB }),
    "E_INVALID_FILESYSTEM",
    "resize_inode is off",
    "e2fsck",
  );
  expect(readFileSync(image).equals(before)).toBe(true);
});

testWith(["mke2fs", "loop mount"], "what is mounted, or was not unmounted, is left alone", async () => {
  const image = scratch("mounted");
  const copy = scratch("dirty");
  makeImage(image, "40M", "-t ext4");
  for (const name of ["mmp", "bigalloc"]) {
    makeImage(scratch(name), "40M", `-t ext4 -O ${name}`);
    await expectError(resizeImage(scratch(name), { size: GIB }), "E_UNSUPPORTED", name, "resize2fs");
  }
  let refusal: Promise<unknown> = Promise.resolve();
  withMount(image, "rw", (mountPoint) => {
    writeFileSync(join(mountPoint, "new"), "contents");
    runOk("sync", ["-f", mountPoint]);
    runOk("cp", ["--sparse=always", image, copy]);
    refusal = expectErrorNow(image);
  });
  await refusal;
  await expectError(
    resizeImage(copy, { size: GIB }),
    "E_NEEDS_RECOVERY",
    "its journal holds changes",
    "e2fsck -f",
  );
});

/** The command in a process of its own, while the image is mounted. */
async function expectErrorNow(image: string): Promise<void> {
  const cli = join(import.meta.dir, "../../src/cli/main.ts");
  const { stderr, exitCode } = Bun.spawnSync([
    process.execPath,
    "--no-env-file",
    cli,
    "resize",
    image,
    "--size",
    "1G",
  ]);
  expect(stderr.toString()).toContain("is in use: /dev/loop");
  expect(exitCode).toBe(8);
}

testWith(["mke2fs"], "of several at once one grows it, or none", async () => {
  const image = scratch("contended");
  makeImage(image, "20M", "-t ext4");
  const outcomes = await Promise.allSettled(
    [50, 60, 70].map((size) => resizeImage(image, { size: size * MIB })),
  );
  expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeLessThanOrEqual(1);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") {
      await expectError(Promise.reject(outcome.reason), "E_OUTPUT_EXISTS", "another process is resizing it");
    }
  }
  await resizeImage(image, { size: 80 * MIB });
  expectCleanFilesystem(image);
});
