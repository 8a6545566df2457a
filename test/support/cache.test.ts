import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder, cacheRoot } from "./cache.ts";
import { runBeside } from "./run-beside.ts";
import { scratchFolder } from "./scratch.ts";
import { until } from "./waiting.ts";

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

/** What another process does with the cache: its text runs with `cachedFolder` and `mark`, which makes an empty file. */
function elsewhere(text: string) {
  const program = `import { existsSync, writeFileSync } from "node:fs";
import { cachedFolder } from ${JSON.stringify(join(import.meta.dir, "cache.ts"))};
const mark = (name) => writeFileSync(${JSON.stringify(scratch())} + "/" + name, "");
const marked = (name) => existsSync(${JSON.stringify(scratch())} + "/" + name);
${text}`;
  return runBeside([process.execPath, "-e", program], { env: { ...process.env } });
}

test("who comes while another process makes a cached folder waits for that one", async () => {
  const maker = elsewhere(`cachedFolder("slow", (folder) => {
    writeFileSync(folder + "/file", "first");
    mark("begun");
    while (!marked("asked")) Bun.sleepSync(1);
  });`);
  await until(() => existsSync(scratch("begun")));
  const waiter = elsewhere(`mark("asked");
  cachedFolder("slow", () => mark("made twice"));`);
  expect([await maker, await waiter]).toMatchObject([{ status: 0 }, { status: 0 }]);
  expect(existsSync(scratch("made twice"))).toBe(false);
  expect(readFileSync(join(cacheRoot(), "slow/file"), "utf8")).toBe("first");
  expect(readdirSync(cacheRoot())).not.toContain("making-slow");
});

test("who was killed while making a cached folder has nobody wait", async () => {
  await elsewhere(`cachedFolder("given up", () => process.kill(process.pid, "SIGKILL"));`);
  expect(readdirSync(cacheRoot())).toContain("making-given up");
  const folder = cachedFolder("given up", making("second"));
  expect(readFileSync(join(folder, "file"), "utf8")).toBe("second");
  expect(readdirSync(cacheRoot())).not.toContain("making-given up");
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
