import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { emitXfs } from "../../../../src/filesystem/xfs/write/emit.ts";
import type { Directory, Inode } from "../../../../src/tree/inode.ts";
import { testWith } from "../../../support/oracles.ts";
import { directory, directoryOf, emptyFile, fixed, symlink, xattr } from "../../ext4/write/images.ts";
import { type Image, withImage } from "./images.ts";
import { expectSilentRepair, withMount } from "./mounting.ts";

const SECRET = "of a file that no layer has any more";

/** Files, some of which are replaced: every third is dropped, and so are long runs between them. */
function replaced(image: Image): Directory {
  const root = directory();
  for (let i = 0; i < 60; i++) {
    const file = image.file(`${i} ${SECRET} `.repeat(i % 10 === 9 ? 9000 : 300));
    if (i % 3 === 0) root.entries.set(`${i}`, image.file(`kept ${i}`));
    else if (i % 3 === 1) root.entries.set(`${i}`, file);
  }
  const many = new Map<string, Inode>();
  for (let i = 0; i < 2000; i++) many.set(`a-name-in-a-large-directory-${i}`, emptyFile());
  root.entries.set("many", directoryOf(many));
  root.entries.set("link", symlink("t".repeat(1000)));
  root.entries.set("attributed", emptyFile({ xattrs: [xattr("user.a", "v".repeat(2000))] }));
  return root;
}

/** Whether any block of the image outside of files in use holds text of a dropped file. */
function holdsSecret(image: Image, live: ReadonlySet<number>): boolean {
  const fd = openSync(image.path, "r");
  const block = Buffer.alloc(4096);
  let found = false;
  for (let i = 0; readSync(fd, block, 0, 4096, i * 4096) > 0; i++) {
    if (!live.has(i) && block.includes(SECRET)) found = true;
  }
  closeSync(fd);
  return found;
}

/** The blocks that the plan's files have. */
function liveBlocks({ namespace, placement }: ReturnType<Image["plan"]>): Set<number> {
  const live = new Set<number>();
  for (const [index, { node, extents }] of [...namespace].entries()) {
    if (node.type !== "file") continue;
    for (const { physical, length } of placement.forks.get(index)?.data.extents ?? extents) {
      for (let i = 0; i < length; i++) live.add(physical + i);
    }
  }
  return live;
}

const SIZES = [{ kind: "auto" }, { kind: "min" }, fixed(24 * 256), fixed(100_000)] as const;

testWith(
  ["xfs_repair", "xfs_db", "loop mount"],
  "no block outside of files holds contents of a file that is gone",
  () => {
    for (const size of SIZES) {
      withImage((image) => {
        const root = replaced(image);
        expect(holdsSecret(image, new Set())).toBe(true);
        const live = liveBlocks(image.finish(root, { size }));
        expect(holdsSecret(image, live)).toBe(false);
        expectSilentRepair(image.path);
        withMount(image.path, "ro", (mountPoint) => {
          expect(readFileSync(join(mountPoint, "3"), "latin1")).toBe("kept 3");
          expect(readFileSync(join(mountPoint, "4"), "latin1")).toBe(`4 ${SECRET} `.repeat(300));
        });
      });
    }
  },
);

test("blocks of the tree go where stale contents are, and those left are written as zeros", () => {
  withImage((image) => {
    const plan = image.finish(replaced(image));
    const many = [...plan.namespace].findIndex(({ name }) => name === "many");
    const extents = plan.placement.forks.get(many)?.data.extents ?? [];
    expect(extents.length).toBeGreaterThan(0);
    expect(extents.every(({ physical, length }) => physical + length <= image.next)).toBe(true);
    expect(plan.placement.stale.starts.length).toBeGreaterThan(0);
  });
});

test("no byte is emitted twice, none over contents in use, and none past the end", () => {
  for (const size of SIZES) {
    withImage((image) => {
      const plan = image.finish(replaced(image), { size });
      const runs = [...emitXfs(plan)].map(
        ({ position, bytes }) => [position, position + bytes.length] as const,
      );
      for (const block of liveBlocks(plan)) runs.push([block * 4096, (block + 1) * 4096]);
      runs.sort(([a], [b]) => a - b);
      let end = 0;
      for (const [start, stop] of runs) {
        expect(start).toBeGreaterThanOrEqual(end);
        end = stop;
      }
      expect(end).toBeLessThanOrEqual(plan.blocks * 4096);
    });
  }
});

testWith(
  ["xfs_repair", "xfs_db"],
  "a log that finds room over stale contents alone has zeros there first",
  () => {
    withImage((image) => {
      image.file(Buffer.alloc(4072 * 4096, SECRET));
      const root = directory({ kept: image.file("kept") });
      image.file(Buffer.alloc(4000 * 4096, SECRET));
      const { placement } = image.finish(root, { size: fixed(8192), readOnly: true });
      expect(placement.reusesStale).toBe(true);
      expectSilentRepair(image.path);
      expect(holdsSecret(image, new Set())).toBe(false);
    });
  },
);

testWith(
  ["xfs_repair", "xfs_db"],
  "stale contents past the end of the filesystem are left to be cut off",
  () => {
    withImage((image) => {
      image.file("kept for now".repeat(1000));
      image.next = 60_000;
      image.file(`${SECRET}`.repeat(1000));
      const plan = image.finish(directory(), { size: fixed(20_000) });
      expect(plan.blocks).toBe(20_000);
      expectSilentRepair(image.path);
    });
  },
);

test("contents where a group's head must lie, or a block of two files, are a mistake that is found", () => {
  withImage((image) => {
    const file = image.file("x");
    expect(() => image.plan(directory({ a: file, b: { ...file } }))).toThrow("used twice");
    image.written.push({ start: 1, length: 1 });
    expect(() => image.plan(directory({ a: file }))).toThrow("a group's head");
    image.written.splice(0);
    expect(() => image.plan(directory({ a: file }))).toThrow("not written");
  });
});
