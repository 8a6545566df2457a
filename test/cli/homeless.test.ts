/** Users without an account and without HOME, as containers are often run as: os.homedir() throws for them. */
import { describe, expect, spyOn, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { absolutePath } from "../../src/machine.ts";
import { locateGuestAssets } from "../../src/profile/gondolin/location.ts";
import { findCredentials } from "../../src/registry/credentials.ts";
import { withScene } from "../registry/support.ts";
import { expectError } from "../support/expect-error.ts";
import { testWith } from "../support/oracles.ts";
import { runBeside } from "../support/run-beside.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const HELLO = join(import.meta.dir, "../../fixtures/images/hello");
const IMAGE = { layers: [tar([{ path: "a", data: "a" }])] };
const NO_CACHE = "warning: this user has no home folder for a cache";

/** The command as a user whose number no account has. */
function homeless(...args: readonly string[]) {
  const user = ["unshare", "--user", "--map-user=12345", "--map-group=12345"];
  return runBeside([...user, process.execPath, MAIN, ...args]);
}

describe("a user without a home", () => {
  testWith(["unshare"], "converts what is on the disk, and hears nothing of a cache", async () => {
    const ran = await homeless("convert", `oci:${HELLO}`, "--out", scratch("disk"));
    expect(ran.stderr).not.toContain("home");
    expect([ran.status, readdirSync(scratch("disk")).length]).toEqual([0, 2]);
  });

  testWith(["unshare"], "pulls without a cache, and hears of that once, unless none was wanted", () =>
    withScene(async ({ name }) => {
      const pull = (out: string, ...more: readonly string[]) =>
        homeless("convert", name, "--platform", "linux/amd64", "--out", scratch(out), ...more);
      const pulled = await pull("pulled");
      expect([pulled.status, pulled.stderr.split(NO_CACHE).length]).toEqual([0, 2]);
      for (const more of [["--no-cache"], ["--cache-dir", scratch("cache")]]) {
        const ran = await pull(`silent${more.length}`, ...more);
        expect([ran.status, ran.stderr.includes("home")]).toEqual([0, false]);
      }
      const inspected = await homeless("inspect-image", name, "--platform", "linux/amd64");
      expect([inspected.status, inspected.stderr.split(NO_CACHE).length]).toEqual([0, 2]);
    }, IMAGE),
  );

  testWith(["unshare"], "has layers kept where a folder is named, and is told where none is", async () => {
    const keep = (size: string, out: string, ...more: readonly string[]) =>
      homeless("convert", `oci:${HELLO}`, "--layer-store", size, "--out", scratch(out), ...more);
    const refused = await keep("1G", "kept");
    expect([refused.status, refused.stderr.split("\n").slice(0, 2)]).toEqual([
      2,
      [
        "error: --layer-store: this user has no home folder for a cache",
        "  hint: name the cache's folder with --cache-dir, or set XDG_CACHE_HOME",
      ],
    ]);
    expect(existsSync(scratch("kept"))).toBe(false);
    expect((await keep("off", "off")).status).toBe(0);
    const store = scratch("store");
    const kept = await keep("1G", "kept", "--cache-dir", store);
    expect([kept.status, kept.stderr.includes("home")]).toEqual([0, false]);
    expect(readdirSync(join(store, "layers")).length).toBeGreaterThan(0);
    const list = scratch("list");
    writeFileSync(list, `oci:${HELLO}\n`);
    const batch = await homeless("batch", list, "--layer-store", "1G", "--out", scratch("many"));
    expect([batch.status, batch.stderr]).toEqual([2, expect.stringContaining("--cache-dir")]);
    expect(existsSync(scratch("many"))).toBe(false);
  });

  testWith(["unshare"], "is told what to do where a home is all there could be", async () => {
    const cases: readonly [number, string, readonly string[]][] = [
      [2, "--cache-dir", ["cache", "ls"]],
      [2, "--cache-dir", ["convert", "alpine", "--offline", "--out", scratch("offline")]],
      [3, "no home folder", ["convert", `oci:${HELLO}`, "--profile", "gondolin", "--out", scratch("vm")]],
    ];
    for (const [status, said, args] of cases) {
      const ran = await homeless(...args);
      expect(ran.stderr).toContain(said);
      expect(ran.status).toBe(status);
    }
  });

  testWith(["unshare"], "has the credentials that a variable names, and no others", () =>
    withScene(async ({ registry, name }) => {
      registry.rule(({ authorization }, response) => {
        if (authorization !== undefined) return false;
        response.writeHead(401, { "www-authenticate": "Basic" }).end();
        return true;
      });
      const denied = await homeless("inspect-image", name);
      expect([denied.status, denied.stderr]).toEqual([4, expect.stringContaining("wants a user name")]);
    }, IMAGE),
  );
});

test("an empty HOME counts as none, and the account's home goes in its place", async () => {
  expect(await findCredentials("ghcr.io", "a/b", { HOME: "", DOCKER_CONFIG: scratch() })).toBeUndefined();
  const options = { environment: {}, cwd: scratch(), home: undefined, architecture: "x86_64" } as const;
  await expectError(() => locateGuestAssets(options), "E_GUEST_ASSETS_NOT_FOUND", "no home folder");
});

test("a folder that was removed under the command is needed for relative paths alone", async () => {
  const cwd = spyOn(process, "cwd").mockImplementation(() => {
    throw Object.assign(new Error("ENOENT: no such file or directory, uv_cwd"), { code: "ENOENT" });
  });
  try {
    expect(absolutePath("/a/../b")).toBe("/b");
    await expectError(() => absolutePath("b"), "E_IO", "absolute paths");
  } finally {
    cwd.mockRestore();
  }
});
