/** What verify finds: one fault at a time, the rest of the image sound. */
import { expect } from "bun:test";
import { crc32cRegister } from "../../../../src/blocks/crc32c.ts";
import { viewOf } from "../../../../src/blocks/field.ts";
import { DIRENT, DIRENT_SIZE } from "../../../../src/filesystem/erofs/format/directory.ts";
import { EXTENDED_INODE } from "../../../../src/filesystem/erofs/format/inode.ts";
import { SUPERBLOCK, SUPERBLOCK_OFFSET } from "../../../../src/filesystem/erofs/format/superblock.ts";
import { openErofs } from "../../../../src/filesystem/erofs/read/filesystem.ts";
import type { ErofsInode } from "../../../../src/filesystem/erofs/read/inode.ts";
import { extract } from "../../../../src/filesystem/reading/extract.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { list } from "../../../../src/filesystem/reading/list.ts";
import { lookup } from "../../../../src/filesystem/reading/lookup.ts";
import { readTree } from "../../../../src/filesystem/reading/tree.ts";
import { finished } from "../../../../src/waiting/steps.ts";
import { expectError } from "../../../support/expect-error.ts";
import { testWith } from "../../../support/oracles.ts";
import { smallErofs, verify, withFolder } from "./support.ts";

/** An image that is to be damaged. */
class Planted {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(sound: Uint8Array) {
    this.bytes = sound.slice();
    this.view = viewOf(this.bytes);
  }

  inode(path: string): ErofsInode {
    return finished(lookup(openErofs(memoryImage(this.bytes)), path, { follow: false }));
  }

  /** The byte of the n-th entry of a directory whose entries lie in a block of their own, or behind the inode. */
  entry(path: string, n: number): number {
    const { layout, union, size, body } = this.inode(path);
    const start = layout === "FLAT_INLINE" && size < 4096 ? body : union * 4096;
    return start + n * DIRENT_SIZE;
  }

  put(field: { put(view: DataView, at: number, value: number): void }, at: number, value: number): void {
    field.put(this.view, at, value);
    this.seal();
  }

  /** Inodes may lie in the first block, of which the superblock has the sum. */
  seal(): void {
    SUPERBLOCK.checksum.put(this.view, SUPERBLOCK_OFFSET, 0);
    const sum = crc32cRegister(0xffffffff, this.bytes.subarray(SUPERBLOCK_OFFSET, 4096));
    SUPERBLOCK.checksum.put(this.view, SUPERBLOCK_OFFSET, sum);
  }
}

const FAULTS: Readonly<Record<string, readonly [damage: (planted: Planted) => void, said: RegExp]>> = {
  "a wrong number of inodes": [
    (image) => image.put(SUPERBLOCK.inos, SUPERBLOCK_OFFSET, 7),
    /^superblock: it counts 7 inodes, there are \d+$/,
  ],
  "more blocks than the image": [
    (image) => image.put(SUPERBLOCK.blocks, SUPERBLOCK_OFFSET, 1_000_000),
    /^superblock: says 1000000 blocks of 4096 bytes, the image ends/,
  ],
  "fewer blocks than are in use": [
    (image) => image.put(SUPERBLOCK.blocks, SUPERBLOCK_OFFSET, 2),
    /^inode \d+: bytes \d+ to \d+ are not all in the filesystem's blocks$/,
  ],
  "a wrong type in an entry": [
    (image) => image.put(DIRENT.file_type, image.entry("many", 2), 2),
    /^inode \d+, directory block 0: the type of entry-n+-0 is 2, not 1$/,
  ],
  "an entry that leads nowhere": [
    (image) => image.put(DIRENT.nid, image.entry("many", 2), 2 ** 40),
    /^inode 1099511627776: bytes .* cannot be its/,
  ],
  "names out of order": [
    (image) => {
      const nameoff = DIRENT.nameoff.get(image.view, image.entry("many", 3));
      image.bytes[image.entry("many", 0) + nameoff] = 0x21;
    },
    /^inode \d+, directory block 0: the name !ntry-n+-1 is not in its place$/,
  ],
  "a '..' that leads elsewhere": [
    (image) => image.put(DIRENT.nid, image.entry("many", 1), image.inode("many").number),
    /^inode \d+, directory block 0: '\.\.' leads to inode \d+, not \d+$/,
  ],
  "a wrong count of links": [
    (image) => {
      const { position } = image.inode("folder/text");
      image.put(EXTENDED_INODE.i_nlink, position, 9);
    },
    /^inode \d+: it counts 9 names and has 2$/,
  ],
  "a directory with two names": [
    (image) => image.put(DIRENT.nid, image.entry("folder", 3), image.inode("many").number),
    /the directory text has another name$/,
  ],
  "blocks of another file": [
    (image) =>
      image.put(
        EXTENDED_INODE.i_u,
        image.inode("folder/deeper/noise").position,
        image.inode("folder/text").union,
      ),
    /^inode \d+: bytes \d+ to \d+ are also in use elsewhere$/,
  ],
  "contents past the image": [
    (image) => image.put(EXTENDED_INODE.i_u, image.inode("folder/text").position, 0x1000000),
    /^inode \d+: bytes \d+ to \d+ cannot be its: the image has \d+$/,
  ],
  "an attribute that is cut short": [
    (image) => {
      const { xattrs } = image.inode("folder/text");
      // Behind the header, and none is shared: an entry whose value would have 65,535 bytes.
      image.bytes[xattrs + 4] = 0;
      image.bytes.fill(0xff, xattrs + 14, xattrs + 16);
    },
    /^inode \d+: an attribute is cut short$/,
  ],
};

for (const [name, [damage, said]] of Object.entries(FAULTS)) {
  testWith(["mkfs.erofs", "setfattr"], `verify tells of ${name}`, () => {
    const planted = new Planted(smallErofs(["-Eforce-inode-extended", "-x0"]));
    expect(verify(memoryImage(planted.bytes)).findings).toEqual([]);
    damage(planted);
    planted.seal();
    const { findings } = verify(memoryImage(planted.bytes));
    expect(findings.map(({ where, what }) => `${where}: ${what}`)).toContainEqual(
      expect.stringMatching(said),
    );
  });
}

testWith(["mkfs.erofs", "setfattr"], "verify tells of a pcluster that cannot be decompressed", () => {
  const sound = smallErofs(["-zlz4", "-C65536"]);
  const { position } = new Planted(sound).inode("folder/text");
  expect(position).toBeGreaterThan(0);
  // Contents come right behind the superblock's block; what ends there is compressed.
  const damaged = sound.slice();
  damaged.fill(0xff, 2 * 4096, 3 * 4096);
  const said = verify(memoryImage(damaged)).findings.map(({ what }) => what);
  expect(said).toContainEqual(expect.stringMatching(/^what lz4 made of its bytes \d+ to \d+ is damaged$/));
});

testWith(
  ["mkfs.erofs", "setfattr"],
  "a directory in two places ends whoever goes down, and names it",
  async () => {
    const planted = new Planted(smallErofs(["-Eforce-inode-extended"]));
    planted.put(DIRENT.nid, planted.entry("folder", 3), openErofs(memoryImage(planted.bytes)).root.number);
    const filesystem = openErofs(memoryImage(planted.bytes));
    const said = "the directory is in two places";
    await expectError(
      () => [...list(filesystem, "/", { recursive: true })],
      "E_INVALID_FILESYSTEM",
      said,
      "make it again",
    );
    await expectError(() => readTree(filesystem), "E_INVALID_FILESYSTEM", said);
    await withFolder((folder) =>
      expectError(() => finished(extract(filesystem, "/", `${folder}/out`)), "E_INVALID_FILESYSTEM", said),
    );
  },
);

const SIZES: Readonly<Record<string, readonly [options: string, path: string, size: number]>> = {
  "a plain file of 2^50 bytes": ["", "folder/text", 2 ** 50],
  "a file in chunks of 2^52 bytes": ["--chunksize=4096", "folder/text", 2 ** 52],
  "a compressed file of 2^50 bytes": ["-zlz4", "folder/text", 2 ** 50],
  "a directory of 2^45 bytes": ["", "many", 2 ** 45],
  "a symbolic link of 2^40 bytes": ["", "link", 2 ** 40],
};

for (const [name, [options, path, size]] of Object.entries(SIZES)) {
  testWith(["mkfs.erofs", "setfattr"], `${name} is an error that names it`, async () => {
    const planted = new Planted(
      smallErofs(["-Eforce-inode-extended", ...options.split(" ").filter(Boolean)]),
    );
    planted.put(EXTENDED_INODE.i_size, planted.inode(path).position, size);
    const filesystem = openErofs(memoryImage(planted.bytes));
    const inode = finished(lookup(filesystem, path, { follow: false }));
    const where = `inode ${inode.number}`;
    const attempt = () => {
      if (inode.type === "symlink") return filesystem.readlink(inode);
      return inode.type === "directory" ? [...filesystem.entries(inode)] : [...filesystem.read(inode)];
    };
    await expectError(attempt, "E_INVALID_FILESYSTEM", where);
    expect(verify(memoryImage(planted.bytes)).findings).toContainEqual(
      expect.objectContaining({ where: expect.stringContaining(where) }),
    );
  });
}

testWith(
  ["mkfs.erofs", "setfattr"],
  "a size past all numbers, and times past all calendars, are told",
  async () => {
    const planted = new Planted(smallErofs(["-Eforce-inode-extended"]));
    const { position, number } = planted.inode("folder/deeper/noise");
    planted.view.setBigInt64(position + EXTENDED_INODE.i_mtime.offset, -(2n ** 63n), true);
    planted.seal();
    expect(planted.inode("folder/deeper/noise").mtime.seconds).toBe(-Number.MAX_SAFE_INTEGER);
    planted.view.setBigUint64(position + EXTENDED_INODE.i_size.offset, 2n ** 63n, true);
    planted.seal();
    const filesystem = openErofs(memoryImage(planted.bytes));
    await expectError(() => filesystem.inode(number), "E_INVALID_FILESYSTEM", "more than any file can have");
  },
);
