/** Whenever growing ends before its end, the old filesystem is there or the new one, at the latest after the next run. */
import { expect } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Docker2vmError } from "../../src/errors.ts";
import { SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE } from "../../src/filesystem/ext4/format/superblock.ts";
import { ImageFile } from "../../src/filesystem/reading/image.ts";
import { notePath } from "../../src/resize/image-disk.ts";
import { resizeImage } from "../../src/resize/resize-image.ts";
import { verify } from "../filesystem/ext4/read/unpaused.ts";
import { withMount } from "../filesystem/ext4/write/mounting.ts";
import { expectError } from "../support/expect-error.ts";
import { expectCleanFilesystem, run, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { growUntilKilled, growWatched, MIB, makeImage } from "./growing.ts";

const scratch = scratchFolder();
const SUPERBLOCK_END = SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE;
/** Sixteen groups fill a block of descriptors, and are 4 MiB: much changes in a small image. */
const SMALL = "-O ^has_journal -b 1024 -g 256 -I 128 -N 160";

/** Forms whose old parts change: a short last group, reserved blocks that are used, or used up, no reserve at all. */
const FORMS = [
  { name: "blocks of the resize inode are used", options: `-t ext4 ${SMALL} -E resize=12288`, to: 6 },
  { name: "those that it has are not enough", options: `-t ext4 ${SMALL} -E resize=8192`, to: 9 },
  { name: "ext2 without a reserve", options: `-t ext2 ${SMALL} -O ^resize_inode`, to: 6 },
];

function oldImage(options: string): Buffer {
  const path = scratch("old");
  makeImage(path, "2500K", options);
  return readFileSync(path);
}

/** A file with these bytes, and nothing beside it. */
function fileOf(bytes: Uint8Array): string {
  const path = scratch("image");
  rmSync(notePath(path), { force: true });
  writeFileSync(path, bytes);
  return path;
}

/** A file with these bytes, and whether growing it comes to its end. */
async function grown(bytes: Uint8Array, size: number, calls = Number.POSITIVE_INFINITY): Promise<string> {
  const path = fileOf(bytes);
  expect(await growUntilKilled(path, size, calls)).toBe(calls === Number.POSITIVE_INFINITY);
  return path;
}

async function superblockOf(path: string): Promise<Buffer> {
  return Buffer.from(await Bun.file(path).slice(SUPERBLOCK_OFFSET, SUPERBLOCK_END).bytes());
}

function isSound(path: string): boolean {
  const image = new ImageFile(path);
  try {
    return verify(image).findings.length === 0;
  } finally {
    image.close();
  }
}

/** The calls that change something when the image grows to 6 MiB. */
async function callsFor(old: Uint8Array): Promise<readonly string[]> {
  const path = fileOf(old);
  const calls: string[] = [];
  await growWatched(path, 6 * MIB, (call) => calls.push(call));
  return calls;
}

for (const { name, options, to } of FORMS) {
  testWith(
    ["mke2fs", "e2fsck"],
    `${name}: killed before any write, the next run makes the same bytes`,
    async () => {
      const old = oldImage(options);
      const calls: string[] = [];
      const whole = scratch("whole");
      writeFileSync(whole, old);
      await growWatched(whole, to * MIB, (call) => calls.push(call));
      expectCleanFilesystem(whole);
      const want = readFileSync(whole);
      const second = calls.lastIndexOf("note");
      const states = { old: 0, mixed: 0, new: 0 };
      for (let killed = 0; killed < calls.length; killed++) {
        const path = await grown(old, to * MIB, killed);
        const isNew = (await superblockOf(path)).equals(want.subarray(SUPERBLOCK_OFFSET, SUPERBLOCK_END));
        const isClean = isNew ? run("e2fsck", ["-fn", path]).status === 0 : isSound(path);
        // Before the second note, nothing that the old filesystem sees has changed.
        if (killed <= second + 1 || isNew) expect([killed, isClean]).toEqual([killed, true]);
        states[isNew ? "new" : isClean ? "old" : "mixed"]++;
        await growWatched(path, to * MIB);
        expect([killed, readFileSync(path).equals(want), existsSync(notePath(path))]).toEqual([
          killed,
          true,
          false,
        ]);
      }
      expect(Object.values(states).every((count) => count > 0)).toBe(true);
    },
  );
}

testWith(
  ["mke2fs", "e2fsck"],
  "killed in its one moment, e2fsck mends it as well, and the next run may want another size",
  async () => {
    const old = oldImage(FORMS[0]?.options ?? "");
    const calls = await callsFor(old);
    const between = calls.lastIndexOf("note") + 2;
    const path = await grown(old, 6 * MIB, between);
    expect(run("e2fsck", ["-fn", path]).status).toBe(4);
    const copy = scratch("mended");
    writeFileSync(copy, readFileSync(path));
    expect(run("e2fsck", ["-fy", copy]).status).toBe(1);
    await growWatched(path, 7 * MIB);
    expectCleanFilesystem(path);
    expect(readFileSync(path).equals(readFileSync(await grown(old, 7 * MIB)))).toBe(true);
  },
);

testWith(["mke2fs"], "a superblock of which half is on the disk is taken back", async () => {
  const old = oldImage(FORMS[0]?.options ?? "");
  const want = readFileSync(await grown(old, 6 * MIB));
  const calls = await callsFor(old);
  const last = calls.lastIndexOf("sync", calls.lastIndexOf("sync") - 1) - 1;
  const path = await grown(old, 6 * MIB, last);
  const torn = readFileSync(path);
  want.copy(torn, SUPERBLOCK_OFFSET, SUPERBLOCK_OFFSET, SUPERBLOCK_OFFSET + 512);
  writeFileSync(path, torn);
  await growWatched(path, 6 * MIB);
  expect(readFileSync(path).equals(want)).toBe(true);
});

testWith(["mke2fs"], "a disk that is full at any write leaves the old bytes", async () => {
  const old = oldImage(FORMS[1]?.options ?? "");
  for (let failing = 0; ; failing++) {
    const path = fileOf(old);
    let writes = 0;
    let failed = false;
    const growing = growWatched(path, 9 * MIB, (call) => {
      if (call !== "write" || writes++ !== failing || failed) return;
      failed = true;
      throw new Docker2vmError("E_NO_SPACE", "the disk is full");
    });
    if (await growing.catch(() => false)) break;
    if (readFileSync(path).length > old.length) break;
    expect([failing, readFileSync(path).equals(old), existsSync(notePath(path))]).toEqual([
      failing,
      true,
      false,
    ]);
  }
});

testWith(
  ["mke2fs"],
  "killed while a failed growth is taken back, the next run makes the same bytes",
  async () => {
    const old = oldImage(FORMS[0]?.options ?? "");
    const want = readFileSync(await grown(old, 6 * MIB));
    const calls = await callsFor(old);
    // The one behind the new superblock.
    const failing = calls.lastIndexOf("sync", calls.lastIndexOf("sync") - 1);
    for (let killed = 1, isWhole = false; !isWhole; killed++) {
      const path = fileOf(old);
      let [done, isTakenBack] = [0, true];
      const growing = growWatched(path, 6 * MIB, () => {
        const behind = done++ - failing;
        if (behind === 0) throw new Docker2vmError("E_IO", "the disk fails");
        if (behind < killed) return;
        isTakenBack = false;
        throw new Docker2vmError("E_INTERNAL", "killed");
      });
      await expectError(growing, "E_IO", "the disk fails");
      isWhole = isTakenBack;
      expect([killed, existsSync(notePath(path))]).toEqual([killed, !isWhole]);
      await growWatched(path, 6 * MIB);
      expect([killed, readFileSync(path).equals(want)]).toEqual([killed, true]);
    }
  },
);

testWith(["mke2fs"], "a tree of hashes behind an image that was made anew is never cut off", async () => {
  const old = oldImage(FORMS[0]?.options ?? "");
  const path = await grown(old, 6 * MIB, (await callsFor(old)).lastIndexOf("note") + 1);
  const note = readFileSync(notePath(path));
  const withTree = Buffer.concat([old, Buffer.from("verity\0\0"), Buffer.alloc(8184, 1)]);
  fileOf(withTree);
  writeFileSync(notePath(path), note);
  await expectError(resizeImage(path, { size: 6 * MIB }), "E_UNSUPPORTED", "--verity");
  expect(readFileSync(path).equals(withTree)).toBe(true);
  expect(existsSync(notePath(path))).toBe(false);
});

testWith(["mke2fs", "loop mount", "e2fsck"], "what was used since is never put back", async () => {
  const old = oldImage(FORMS[0]?.options ?? "");
  const calls = await callsFor(old);
  const path = await grown(old, 6 * MIB, calls.length - 1);
  expect(existsSync(notePath(path))).toBe(true);
  withMount(path, "rw", (mountPoint) => writeFileSync(join(mountPoint, "since"), "then"));
  expect(await resizeImage(path, { size: 6 * MIB })).toMatchObject({ changed: false });
  withMount(path, "ro", (mountPoint) => expect(readFileSync(join(mountPoint, "since"), "utf8")).toBe("then"));
  expectCleanFilesystem(path);
  // Between the two it would be neither: that is for e2fsck.
  const between = await grown(old, 6 * MIB, calls.lastIndexOf("note") + 2);
  withMount(between, "rw", (mountPoint) => writeFileSync(join(mountPoint, "since"), "then"));
  await expectError(
    resizeImage(between, { size: 6 * MIB }),
    "E_INVALID_FILESYSTEM",
    "written to since",
    "e2fsck -f",
  );
});
