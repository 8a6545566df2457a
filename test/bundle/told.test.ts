import { expect, test } from "bun:test";
import { warningsOf } from "../../src/bundle/told.ts";

test("what files could not keep is told of one as of many", () => {
  const none = { files: 9, directories: 1, symlinks: 0, links: 0, bytes: 0, leftOut: [] };
  const counts = { withoutOwner: 2, withoutSetuid: 0, withoutXattrs: 1, withoutExactTimes: 1 };
  expect(warningsOf({ ...none, ...counts }, false)).toEqual([
    "2 files are without their owner",
    "1 file is without its extended attributes, such as capabilities",
    "1 file is without its times' last digits",
  ]);
  expect(warningsOf({ ...none, ...counts }, true)).toContain(
    "2 files are without their owner (all are yours)",
  );
});
