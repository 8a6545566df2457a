import { expect, test } from "bun:test";
import { viewOf } from "../../../src/blocks/field.ts";
import { getBmbtRecord, putBmbtRecord } from "../../../src/filesystem/xfs/format/bmbt.ts";
import { nameHash } from "../../../src/filesystem/xfs/format/name-hash.ts";
import { diskAcl, userlandAcl } from "../../../src/filesystem/xfs/format/posix-acl.ts";

test("an extent's record holds the largest numbers there are, bit for bit", () => {
  const bytes = new Uint8Array(16);
  const extents = [
    { logical: 0, physical: 0, length: 1 },
    { logical: 2 ** 51 - 1, physical: 2 ** 52 - 1, length: 2 ** 21 - 1 },
    { logical: 2 ** 23, physical: 2 ** 43, length: 2 ** 20 },
    { logical: 0x123456789ab, physical: 0xfedcba98765, length: 0x12345 },
  ];
  for (const extent of extents) {
    putBmbtRecord(viewOf(bytes), 0, extent);
    const word = (at: number): bigint => viewOf(bytes).getBigUint64(at);
    const all = (word(0) << 64n) | word(8);
    expect(all).toBe(
      (BigInt(extent.logical) << 73n) | (BigInt(extent.physical) << 21n) | BigInt(extent.length),
    );
    expect(getBmbtRecord(viewOf(bytes), 0)).toEqual({ ...extent, isUnwritten: false });
  }
  bytes[0] = 0x80;
  expect(getBmbtRecord(viewOf(bytes), 0).isUnwritten).toBe(true);
});

test("names hash as the kernel hashes them, whatever is left over of four bytes", () => {
  expect(nameHash(".")).toBe(0x2e);
  expect(nameHash("..")).toBe(0x172e);
  expect(nameHash("abc")).toBe(0x187163);
});

test("an access control list comes back from XFS's form", () => {
  const value = Buffer.from(
    "0200000001000600ffffffff02000400e803000004000400ffffffff10000600ffffffff",
    "hex",
  );
  const disk = diskAcl(value) ?? new Uint8Array();
  expect(Buffer.from(disk).toString("hex")).toBe(
    "00000004" +
      "000000010000000000060000" +
      "00000002000003e800040000" +
      "000000040000000000040000" +
      "000000100000000000060000",
  );
  expect(Buffer.from(userlandAcl(disk) ?? [])).toEqual(value);
  expect(diskAcl(value.subarray(1))).toBeUndefined();
  expect(userlandAcl(disk.subarray(1))).toBeUndefined();
});
