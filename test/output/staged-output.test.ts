import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StagedOutput } from "../../src/output/staged-output.ts";
import { outputError } from "../../src/output/system-errors.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "staged-output-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NAMES = ["a", "b"];

describe("a staged output", () => {
  test("shows nothing until it is committed, then everything", async () => {
    const out = join(folder, "x/y");
    const output = await StagedOutput.create(out, NAMES, false);
    for (const name of NAMES) await output.write(name, name);
    expect(readdirSync(out).filter((name) => !name.startsWith("."))).toEqual([]);
    await output.commit();
    expect(readdirSync(out).sort()).toEqual(NAMES);
    expect(readFileSync(output.target("b"), "utf8")).toBe("b");
  });

  test("leaves no trace when it is discarded, down to the folders it made", async () => {
    const output = await StagedOutput.create(join(folder, "x/y"), NAMES, false);
    await output.write("a", "half");
    await output.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("discarded, keeps what others put into the folder", async () => {
    const out = join(folder, "x");
    const output = await StagedOutput.create(out, NAMES, false);
    writeFileSync(join(out, "other"), "");
    await output.discard();
    expect(readdirSync(out)).toEqual(["other"]);
  });

  test("refuses a name that is taken, unless forced", async () => {
    writeFileSync(join(folder, "b"), "old");
    await expect(StagedOutput.create(folder, NAMES, false)).rejects.toMatchObject({
      code: "E_OUTPUT_EXISTS",
      message: `the output ${join(folder, "b")} exists already`,
    });
    const output = await StagedOutput.create(folder, NAMES, true);
    for (const name of NAMES) await output.write(name, "new");
    expect(readFileSync(join(folder, "b"), "utf8")).toBe("old");
    await output.commit();
    expect(readFileSync(join(folder, "b"), "utf8")).toBe("new");
  });

  test("refuses a folder in a file's place, and a file in the folder's, even when forced", async () => {
    mkdirSync(join(folder, "a"));
    await expect(StagedOutput.create(folder, NAMES, true)).rejects.toMatchObject({ code: "E_OUTPUT_EXISTS" });
    writeFileSync(join(folder, "file"), "");
    await expect(StagedOutput.create(join(folder, "file"), NAMES, true)).rejects.toMatchObject({
      code: "E_OUTPUT_EXISTS",
      message: expect.stringContaining("is not a folder"),
    });
  });

  test("removes what a killed process left, and not what a living one is making", async () => {
    const living = await StagedOutput.create(folder, NAMES, false);
    const dead = living.scratch.replace(`-${process.pid}-`, "-9999999-");
    mkdirSync(dead);
    writeFileSync(join(dead, "a"), "");
    const output = await StagedOutput.create(folder, NAMES, true);
    expect(existsSync(dead)).toBe(false);
    expect(existsSync(living.scratch)).toBe(true);
    await output.discard();
  });

  test("refuses a link's name that leads nowhere, unless forced", async () => {
    symlinkSync("nowhere", join(folder, "a"));
    await expect(StagedOutput.create(folder, NAMES, false)).rejects.toMatchObject({
      code: "E_OUTPUT_EXISTS",
    });
    await (await StagedOutput.create(folder, NAMES, true)).discard();
  });
});

describe("what the system refuses", () => {
  test("is told with what can be done about that, and nothing else", async () => {
    const said = (code: string) => outputError(Object.assign(new Error(code), { code }), "cannot write");
    expect(said("ENOSPC").hint).toContain("free some space");
    expect(said("EDQUOT").hint).toContain("remove something of yours");
    expect(said("EFBIG").hint).toStartWith("raise the limit, ask for a smaller --size, ");
    expect(said("EROFS").hint).toStartWith("nobody may write there");
    expect(said("EACCES").hint).toStartWith("this user may not write there");
    expect(said("EIO").hint).toBeUndefined();
  });

  test("is told of a file on the way to the output", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(StagedOutput.create(join(folder, "file/below"), NAMES, false)).rejects.toMatchObject({
      code: "E_IO",
      message: `cannot prepare the output folder ${join(folder, "file/below")}: ${join(folder, "file")} is not a folder`,
      hint: "something on the way there is a file, or a link to nothing: choose another place for the output",
    });
  });
});
