import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeFolders, makeFoldersSync } from "../../src/disk/make-folders.ts";
import { systemErrorCode } from "../../src/errors.ts";

let folder = "";
const at = (...parts: readonly string[]) => join(folder, ...parts);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "docker2vm-folders-"));
  writeFileSync(at("file"), "");
  mkdirSync(at("there"));
  symlinkSync("there", at("link"));
  symlinkSync("nothing", at("dangling"));
  symlinkSync("circle", at("circle"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const [name, make] of [
  ["makeFolders", makeFolders],
  ["makeFoldersSync", async (path: string) => makeFoldersSync(path)],
] as const) {
  describe(name, () => {
    test("makes what is missing, and says from where on", async () => {
      const path = at(name, "a/b/c");
      expect(await make(path)).toBe(at(name));
      expect(statSync(path).isDirectory()).toBe(true);
      expect(await make(path)).toBeUndefined();
      expect(await make(at(name, "a/b/d/"))).toBe(at(name, "a/b/d/"));
    });

    test("goes through a link to a folder", async () => {
      expect(await make(at("link", name))).toBe(at("link", name));
      expect(existsSync(at("there", name))).toBe(true);
      expect(await make(at("link"))).toBeUndefined();
    });

    for (const [where, path, code] of [
      ["that is a file", "file", "EEXIST"],
      ["below a file", "file/a/b", "ENOTDIR"],
      ["that is a link to nothing", "dangling", "EEXIST"],
      ["below a link to nothing", "dangling/a/b", "EEXIST"],
      ["below links in a circle", "circle/a", "ELOOP"],
      ["whose name is too long", `new/a/${"x".repeat(300)}`, "ENAMETOOLONG"],
      ["that no filesystem makes", "/sys/docker2vm/a/b", "EPERM"],
    ] as const) {
      test(`refuses a folder ${where}, with ${code}, and leaves nothing`, async () => {
        const error = await make(path.startsWith("/") ? path : at(path)).catch((thrown: unknown) => thrown);
        expect(systemErrorCode(error)).toBe(code);
        expect([existsSync(at("new")), existsSync(at("nothing"))]).toEqual([false, false]);
      });
    }
  });
}

test("gives every folder the mode that is asked for", async () => {
  await makeFolders(at("private/inner"), 0o700);
  for (const path of ["private", "private/inner"]) expect(statSync(at(path)).mode & 0o777).toBe(0o700);
});

test("a folder that may not be written to but is there is no obstacle", async () => {
  mkdirSync(at("read-only/inner"), { recursive: true });
  chmodSync(at("read-only"), 0o500);
  expect(await makeFolders(at("read-only/inner"))).toBeUndefined();
  expect(await makeFolders("/")).toBeUndefined();
});
