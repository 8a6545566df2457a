import { expect, test } from "bun:test";
import { InodeRecords } from "../../../../src/filesystem/ext4/read/verify/inode-records.ts";
import type { FileType } from "../../../../src/filesystem/reading/filesystem.ts";
import { finished } from "../../../../src/waiting/steps.ts";

function all(records: InodeRecords) {
  const seen: [number, FileType | undefined, number, number][] = [];
  finished(records.each((...inode) => seen.push(inode)));
  return seen;
}

test("inodes in use come in order, with their type, links and names", () => {
  const records = new InodeRecords();
  records.add(2, "directory", 65000);
  records.add(1023, undefined, 1);
  records.add(1024, "file", 3);
  records.add(2 ** 32 - 1, "symlink", 65535);
  records.countName(2);
  for (let i = 0; i < 70_000; i++) records.countName(1024);
  records.countName(2 ** 32 - 1);
  expect(all(records)).toEqual([
    [2, "directory", 65000, 1],
    [1023, undefined, 1, 0],
    [1024, "file", 3, 70_000],
    [2 ** 32 - 1, "symlink", 65535, 1],
  ]);
  expect(records.count).toBe(4);
});

test("what nobody uses is not in use, whatever names it has", () => {
  const records = new InodeRecords();
  records.add(11, undefined, 1);
  for (const number of [0, 12, 2 ** 31]) {
    records.countName(number);
    expect(records.has(number)).toBe(false);
    expect(records.typeOf(number)).toBeUndefined();
  }
  expect(records.has(11)).toBe(true);
  expect(all(records)).toEqual([[11, undefined, 1, 0]]);
});
