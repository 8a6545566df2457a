/** Files that are there whole or not at all, where a filesystem has no hard links. */
import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { writeWholeFiles } from "../../src/output/whole-files.ts";
import { expectError } from "../support/expect-error.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();

test("without hard links files take names that are free, and no others", async () => {
  const refuse = async (): Promise<never> => {
    throw Object.assign(new Error("operation not permitted"), { code: "EPERM" });
  };
  const file = (name: string) => ({ path: scratch(name), bytes: Buffer.from(name) });
  await writeWholeFiles([file("a"), file("b")], false, refuse);
  expect(readFileSync(scratch("b"), "utf8")).toBe("b");
  // Somebody else is faster than the second one.
  let links = 0;
  const late = async (): Promise<never> => {
    if (++links === 2) writeFileSync(scratch("d"), "other");
    return refuse();
  };
  await expectError(writeWholeFiles([file("c"), file("d")], false, late), "E_OUTPUT_EXISTS", scratch("d"));
  expect(readFileSync(scratch("d"), "utf8")).toBe("other");
  expect(readdirSync(scratch(".")).sort()).toEqual(["a", "b", "d"]);
});

test("what cannot be cleared away hides nothing of what went wrong", async () => {
  // The folder is taken away, and a file put there, once it has been looked at.
  mkdirSync(scratch("folder"));
  const files = [{ path: scratch("folder", "a"), bytes: Buffer.from("a") }];
  const replaced = async (): Promise<never> => {
    rmSync(scratch("folder"), { recursive: true });
    writeFileSync(scratch("folder"), "");
    throw Object.assign(new Error("not a directory"), { code: "ENOTDIR" });
  };
  await expectError(writeWholeFiles(files, false, replaced), "E_IO", "cannot write", "is a file");
});
