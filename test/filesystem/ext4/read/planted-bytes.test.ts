/** Mistakes of few bytes that debugfs cannot plant: e2fsck finds them, so verify does. */
import { expect } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Docker2vmError } from "../../../../src/errors.ts";
import { xattrBlock } from "../../../../src/filesystem/ext4/read/xattr-entries.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { run, testWith } from "../../../support/oracles.ts";
import { smallImage } from "./small-images.ts";
import { makeForeign, withFolder } from "./support.ts";
import { list, lookup, mappedRuns, openFilesystem, verify } from "./unpaused.ts";

const OLD = "-t ext2 -b 1024 -I 128";
const BLOCK = 1024;

function saidOf(bytes: Uint8Array): string[] {
  return verify(memoryImage(bytes)).findings.map(({ what }) => what);
}

function e2fsckSays(bytes: Uint8Array): string {
  return withFolder((folder) => {
    const path = join(folder, "image");
    writeFileSync(path, bytes);
    const { status, stdout } = run("e2fsck", ["-fn", path]);
    // With 8 besides, where it has given up.
    expect((status ?? 0) & 4).toBe(4);
    return stdout;
  });
}

/** Bytes of the image that a block of a directory has. */
function directoryBlock(bytes: Uint8Array, path: string, logical: number): Buffer {
  const filesystem = openFilesystem(memoryImage(bytes));
  for (const run of mappedRuns(filesystem.volume, lookup(filesystem, path))) {
    const into = logical - run.logical;
    if (into < 0 || into >= run.length) continue;
    return Buffer.from(bytes.buffer, bytes.byteOffset + (run.physical + into) * BLOCK, BLOCK);
  }
  throw new Error(`${path} has no block ${logical}`);
}

testWith(["mke2fs", "e2fsck", "setfattr", "loop mount"], "an attribute in a block is hashed, always", () => {
  const bytes = smallImage(OLD);
  const filesystem = openFilesystem(memoryImage(bytes));
  const at = xattrBlock(filesystem.volume, lookup(filesystem, "sub")) * BLOCK;
  // e_hash of the first entry, behind the header of 32 bytes.
  Buffer.from(bytes.buffer).writeUInt32LE(0, at + 32 + 12);
  expect(e2fsckSays(bytes)).toMatch(/Extended attribute in inode \d+ has a hash \(0\)/);
  expect(saidOf(bytes)).toContain("the hash of an attribute is wrong");
});

testWith(["mke2fs", "e2fsck", "setfattr", "loop mount"], "an empty inline value lies inside, too", () => {
  const bytes = smallImage("-t ext4 -b 1024 -O ^metadata_csum,inline_data");
  const image = Buffer.from(bytes.buffer);
  // e_value_offs of the first attribute after the name: it is that of the contents of sub, which all lie in i_block.
  const at = image.indexOf(lookup(openFilesystem(memoryImage(bytes)), "sub").bytes) + 160 + 4 + 2;
  expect(image.readUInt32LE(at + 2 + 4)).toBe(0);
  image.writeUInt16LE(image.readUInt16LE(at) ^ 32, at);
  expect(e2fsckSays(bytes)).toContain("has INLINE_DATA_FL flag but extended attribute not found");
  expect(saidOf(bytes)).toContain("the value of an attribute lies outside");
});

testWith(["mke2fs", "e2fsck", "setfattr", "loop mount"], "no entry is shorter than one with a name", () => {
  const bytes = smallImage(OLD);
  const block = directoryBlock(bytes, "sub", 0);
  // The last entry, behind "." and "..", gives its end to one without a name.
  const size = block.readUInt16LE(24 + 4);
  block.writeUInt16LE(size - 8, 24 + 4);
  block.fill(0, BLOCK - 8);
  block.writeUInt16LE(8, BLOCK - 4);
  expect(e2fsckSays(bytes)).toContain("directory corrupted");
  expect(saidOf(bytes).join()).toContain(`the entry at byte ${BLOCK - 8} has impossible lengths (8, 0)`);
  expect(() => [...list(openFilesystem(memoryImage(bytes)), "/sub")]).toThrow(Docker2vmError);
});

testWith(["mke2fs", "e2fsck"], "a block of an index looks like nothing but that", () => {
  const image = withFolder((folder) => {
    const source = join(folder, "source");
    mkdirSync(source);
    // Four to a block: more blocks than the root has room for.
    for (let i = 0; i < 600; i++) writeFileSync(join(source, `${i}-${"n".repeat(200)}`), "");
    const path = join(folder, "image");
    makeForeign(path, "4M", [...OLD.split(" "), "-N", "1000"], source);
    run("e2fsck", ["-fyD", path]);
    return new Uint8Array(readFileSync(path));
  });
  expect(saidOf(image)).toEqual([]);
  const root = directoryBlock(image, "/", 0);
  expect(root[0x1e]).toBe(1);
  const node = directoryBlock(image, "/", root.readUInt32LE(0x24));
  expect([...node.subarray(0, 8)]).toEqual([0, 0, 0, 0, 0, 4, 0, 0]);
  // A name of one byte, of no inode.
  node[6] = 1;
  expect(e2fsckSays(image)).toContain("HTREE");
  expect(saidOf(image)).toContain("a block of its index is not one");
});
