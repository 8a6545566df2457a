import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Agent, proxyAgent } from "../../src/http/undici.ts";

test("undici is the real one and not the stand-in that Bun puts in its place", async () => {
  expect(typeof Agent.prototype.dispatch).toBe("function");
  expect(typeof Agent.prototype.compose).toBe("function");
  const proxied = proxyAgent({ uri: "http://127.0.0.1:9" });
  expect(typeof proxied.dispatch).toBe("function");
  await proxied.close();
});

test("its parts do together what its index would have put together", async () => {
  const server = Bun.serve({ port: 0, fetch: (asked) => new Response(`${asked.method} ${asked.url}`) });
  const agent = new Agent();
  try {
    const { statusCode, body } = await agent.request({
      origin: server.url.origin,
      path: "/v2/?n=1",
      method: "GET",
    });
    expect(statusCode).toBe(200);
    expect(await body.text()).toBe(`GET ${server.url.origin}/v2/?n=1`);
  } finally {
    await agent.destroy();
    await server.stop(true);
  }
});

test("undici is imported in one module only, by its files", () => {
  const src = join(import.meta.dir, "../../src");
  const importing = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) => {
      const specifiers = readFileSync(join(src, path), "utf8").matchAll(/["'](undici(?:\/[^"']*)?)["']/g);
      return [...specifiers].map(([, specifier]) => `${path}: ${specifier}`);
    });
  expect([...new Set(importing)]).toEqual([
    // Its types.
    "http/undici.ts: undici/index.js",
    "http/undici.ts: undici/lib/dispatcher/agent.js",
    "http/undici.ts: undici/lib/dispatcher/dispatcher.js",
    "http/undici.ts: undici/lib/api/index.js",
    "http/undici.ts: undici/lib/dispatcher/proxy-agent.js",
  ]);
});
