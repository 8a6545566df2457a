import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Agent, ProxyAgent } from "../../src/http/undici.ts";

test("undici is the real one and not the stand-in that Bun puts in its place", () => {
  expect(typeof Agent.prototype.dispatch).toBe("function");
  expect(typeof Agent.prototype.compose).toBe("function");
  expect(typeof ProxyAgent.prototype.dispatch).toBe("function");
});

test("undici is imported in one module only, by its file", () => {
  const src = join(import.meta.dir, "../../src");
  const importing = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) => {
      const specifiers = readFileSync(join(src, path), "utf8").matchAll(/["'](undici(?:\/[^"']*)?)["']/g);
      return [...specifiers].map(([, specifier]) => `${path}: ${specifier}`);
    });
  expect(importing).toEqual(["http/undici.ts: undici/index.js"]);
});
