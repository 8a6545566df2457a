import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder, cacheRoot } from "./cache.ts";
import { scratchFolder } from "./scratch.ts";

const scratch = scratchFolder();
const { XDG_CACHE_HOME: before } = process.env;
beforeAll(() => {
  process.env["XDG_CACHE_HOME"] = scratch();
});
afterAll(() => {
  if (before === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = before;
});

function making(contents: string): (folder: string) => void {
  return (folder) => writeFileSync(join(folder, "file"), contents);
}

test("a cached folder is made once", () => {
  const folder = cachedFolder("once", making("first"));
  expect(cachedFolder("once", making("second"))).toBe(folder);
  expect(readFileSync(join(folder, "file"), "utf8")).toBe("first");
});

test("of two that make a cached folder at once both get the first's", () => {
  const folder = cachedFolder("both", (slow) => {
    making("slow")(slow);
    cachedFolder("both", making("fast"));
  });
  expect(readFileSync(join(folder, "file"), "utf8")).toBe("fast");
  expect(readdirSync(cacheRoot()).sort()).toEqual(["both", "once"]);
});

test("a cached folder that could not be made is not there", () => {
  const failing = (folder: string): void => {
    making("half")(folder);
    throw new Error("no network");
  };
  expect(() => cachedFolder("failed", failing)).toThrow("no network");
  expect(readdirSync(cacheRoot())).not.toContain("failed");
});

test("what a killed run left is removed a day later", () => {
  const [old, young] = ["unfinished-old", "unfinished-young"].map((name) => join(cacheRoot(), name));
  for (const folder of [old, young]) mkdirSync(folder ?? "");
  utimesSync(old ?? "", 0, 0);
  cachedFolder("next", making("next"));
  expect([old, young].map((folder) => existsSync(folder ?? ""))).toEqual([false, true]);
});
