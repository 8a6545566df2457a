/** What a report says of each block of a filesystem is what the filesystem's own tools say. */
import { beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import type { FilesystemSettings } from "../../src/convert/options.ts";
import type { BlockRow, FilesystemMap, ImageReport } from "../../src/report/facts/report.ts";
import { runWith } from "../cli/fake-host.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
/** In blocks of 4096 bytes: 3 and 49, and a directory of more than one block. */
const FILES: readonly TarItem[] = [
  { path: "a/three", data: Buffer.alloc(3 * 4096, "three") },
  { path: "a/many", data: Buffer.alloc(49 * 4096 - 7, "many") },
  { path: "a/link", type: "hardlink", linkname: "a/many" },
  ...Array.from({ length: 300 }, (_, i) => ({ path: `names/${"long".repeat(10)}-${i}` })),
];
const CONTENTS = 52;

beforeAll(() => {
  writeFileSync(scratch("files.tar"), tar(FILES));
});

async function made(name: string, filesystem: FilesystemSettings): Promise<string> {
  return (await convert({ source: `rootfs-tar:${scratch("files.tar")}`, out: scratch(name), filesystem }))
    .rootfsPath;
}

async function mapOf(image: string): Promise<FilesystemMap> {
  const { stdout, stderr } = await runWith(["report", image, "--format", "json"]);
  const { filesystem } = JSON.parse(stdout) as ImageReport;
  if (filesystem === null) throw new Error(stderr);
  // Every block is in one row, and its kind is counted.
  let at = 0;
  for (const [first, length] of filesystem.rows) {
    expect(first).toBe(at);
    at += length;
  }
  expect(at).toBe(filesystem.blocks);
  expect(Object.values(filesystem.blocksOf).reduce((sum, count) => sum + count, 0)).toBe(filesystem.blocks);
  return filesystem;
}

function blocksIn(rows: readonly BlockRow[], kind: number): number[] {
  return rows
    .filter((row) => row[2] === kind)
    .flatMap(([first, length]) => Array.from({ length }, (_, i) => first + i));
}

const [DIRECTORIES, JOURNAL, FREE] = [1, 3, 4];

/** "3-7, 9" */
function numbersOf(ranges: string): number[] {
  return [...ranges.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, from = "", to = from]) =>
    Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => Number(from) + i),
  );
}

function freeByDumpe2fs(image: string): number[] {
  const told = runOk("dumpe2fs", [image]);
  return [...told.matchAll(/^ {2}Free blocks: (.*)$/gm)].flatMap(([, ranges = ""]) => numbersOf(ranges));
}

function blocksByDebugfs(image: string, file: string): number[] {
  return numbersOf(runOk("debugfs", ["-R", `blocks ${file}`, image])).sort((a, b) => a - b);
}

describe("ext", () => {
  for (const type of ["ext4", "ext3", "ext2"] as const) {
    testWith(
      ["dumpe2fs", "debugfs"],
      `blocks of ${type} are what dumpe2fs and debugfs call them`,
      async () => {
        const image = await made(type, { type, size: 300 << 20 });
        const { rows, blocksOf, ...map } = await mapOf(image);
        expect(map).toEqual({ type, blockSize: 4096, blocks: (300 << 20) / 4096, behindBytes: 0 });
        expect(blocksIn(rows, FREE)).toEqual(freeByDumpe2fs(image));
        expect(blocksOf.contents).toBe(CONTENTS);
        const folders = ["/", "/a", "/names", "/lost+found"].flatMap((path) => blocksByDebugfs(image, path));
        expect(blocksIn(rows, DIRECTORIES)).toEqual(folders.sort((a, b) => a - b));
        // Of ext3, debugfs lists the blocks that lead to others as well.
        const journal = type === "ext2" ? [] : blocksByDebugfs(image, "<8>");
        expect(blocksIn(rows, JOURNAL).filter((block) => !journal.includes(block))).toEqual([]);
        const told = /^Total journal blocks: +(\d+)$/m.exec(runOk("dumpe2fs", ["-h", image]))?.[1];
        expect(blocksOf.journal).toBe(Number(told ?? 0));
      },
    );
  }

  testWith(
    ["mke2fs", "dumpe2fs"],
    "of mke2fs, with groups whose bitmaps are not on the disk, and with clusters",
    async () => {
      for (const [name, options] of [
        ["uninit", ["-b", "1024", "-O", "^resize_inode"]],
        ["bigalloc", ["-b", "4096", "-O", "bigalloc", "-C", "16384"]],
        ["whole", []],
      ] as const) {
        const image = scratch(`${name}.img`);
        runOk("mke2fs", ["-q", "-F", "-t", "ext4", ...options, image, "400M"]);
        const { rows, blocksOf } = await mapOf(image);
        // Of clusters dumpe2fs lists where they begin.
        if (name !== "bigalloc") expect(blocksIn(rows, FREE)).toEqual(freeByDumpe2fs(image));
        const told = /^Free blocks: +(\d+)$/m.exec(runOk("dumpe2fs", ["-h", image]))?.[1];
        expect(blocksOf.free).toBe(Number(told));
      }
    },
  );
});

testWith(["xfs_db"], "blocks of XFS are what xfs_db calls them", async () => {
  const image = await made("xfs", { type: "xfs", size: 300 << 20 });
  const { rows, blocksOf, type } = await mapOf(image);
  const perGroup = Number(runOk("xfs_db", ["-r", "-c", "sb 0", "-c", "print agblocks", image]).split("=")[1]);
  const free = [
    ...runOk("xfs_db", ["-r", "-c", "freesp -d", image]).matchAll(/^ +(\d+) +(\d+) +(\d+)$/gm),
  ].flatMap(([, group, first, length]) =>
    Array.from({ length: Number(length) }, (_, i) => Number(group) * perGroup + Number(first) + i),
  );
  // Blocks that are set aside for the trees of free space count as free there.
  const setAside = [0, 1].flatMap((group) =>
    [...runOk("xfs_db", ["-r", "-c", `agfl ${group}`, "-c", "print bno", image]).matchAll(/\d+:(\d+)/g)].map(
      ([, block]) => group * perGroup + Number(block),
    ),
  );
  expect(blocksIn(rows, FREE)).toEqual(
    free.sort((a, b) => a - b).filter((block) => !setAside.includes(block)),
  );
  const log = Number(runOk("xfs_db", ["-r", "-c", "sb 0", "-c", "print logblocks", image]).split("=")[1]);
  expect({ type, contents: blocksOf.contents, journal: blocksOf.journal }).toEqual({
    type: "xfs",
    contents: CONTENTS,
    journal: log,
  });
  expect(blocksOf.directories).toBeGreaterThan(4);
});

testWith(["dump.erofs"], "blocks of EROFS are contents or metadata", async () => {
  for (const compress of ["none", "lz4"] as const) {
    const image = await made(`erofs-${compress}`, { type: "erofs", compress });
    const { blocksOf, blocks } = await mapOf(image);
    const told = runOk("dump.erofs", ["-s", image]);
    expect(Number(/blocks:\s+(\d+)/.exec(told)?.[1])).toBe(blocks);
    const extents = ["/a/three", "/a/many"].flatMap((path) => [
      ...runOk("dump.erofs", [`--path=${path}`, "-e", image]).matchAll(/(\d+)\.\.\s+(\d+) \|\s+\d+\s*$/gm),
    ]);
    const whole = extents.reduce(
      (sum, [, from, to]) => sum + Math.floor((Number(to) - Number(from)) / 4096),
      0,
    );
    expect([blocksOf.contents, blocksOf.free, blocksOf.journal]).toEqual([whole, 0, 0]);
  }
});

test("a hash tree is behind the filesystem", async () => {
  const { behindBytes, blocks, blockSize } = await mapOf(
    await made("verity", { type: "erofs", verity: true }),
  );
  const { size } = Bun.file(scratch("verity", "rootfs.erofs"));
  expect(behindBytes).toBe(size - blocks * blockSize);
  expect(behindBytes).toBeGreaterThan(0);
});
