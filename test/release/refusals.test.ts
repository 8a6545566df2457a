/** What `npm run release` refuses, before anything is made. */
import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { bunVersion, readLock, releaseTime } from "../../src/release/repository.ts";
import { runtimeOf } from "../../src/release/runtime.ts";
import { TARGETS } from "../../src/release/targets.ts";
import { HOST, RUNTIMES, targetNamed } from "../support/executables.ts";
import { expectError } from "../support/expect-error.ts";
import { run, testWith } from "../support/oracles.ts";
import { REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const MAIN = join(REPOSITORY, "src/release/main.ts");
const OUT = (): string => scratch("release");

function release(...args: readonly string[]) {
  return run(process.execPath, ["--no-env-file", MAIN, "--out", OUT(), "--cache", scratch("cache"), ...args]);
}

describe("a release is not made", () => {
  const cases: readonly (readonly [string, readonly string[], number, readonly string[]])[] = [
    ["for a machine that is no target", ["--target", "plan9-x64"], 2, ['"plan9-x64"', "linux-arm64-musl"]],
    ["with options that it has not", ["--all"], 2, ["--all", "--help shows"]],
    ["on a base that has no layers", ["--base", "dir:."], 2, ["no image in layers"]],
  ];
  for (const [name, args, code, fragments] of cases) {
    test(name, () => {
      const { status, stderr } = release(...args);
      expect(status).toBe(code);
      for (const fragment of ["error: ", ...fragments]) expect(stderr).toContain(fragment);
      expect(readdirSync(scratch())).toEqual([]);
    });
  }

  test("where something is there already", () => {
    mkdirSync(OUT());
    const { status, stderr } = release("--no-container");
    expect([status, stderr]).toEqual([8, expect.stringContaining("is there already")]);
    expect(readdirSync(OUT())).toEqual([]);
  });
});

test("--help tells what a release is made of, and makes nothing", () => {
  const before = readdirSync(scratch());
  const { status, stdout, stderr } = release("--help");
  expect([status, stderr]).toEqual([0, ""]);
  for (const option of ["--out", "--target", "--base", "--no-container", "--cache", "linux-arm64-musl"])
    expect(stdout).toContain(option);
  expect(readdirSync(scratch())).toEqual(before);
});

testWith(["npm"], "a release that a signal ends leaves nothing", async () => {
  // A registry that never answers.
  const server = createServer();
  const asked = once(server, "connection");
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const where = ["--out", scratch("parent/stopped"), "--cache", RUNTIMES];
  const what = ["--target", HOST.name, "--base", `127.0.0.1:${port}/base:1`];
  const child = spawn(process.execPath, ["--no-env-file", MAIN, ...where, ...what], { stdio: "ignore" });
  const ended = once(child, "exit");
  const [connection] = await asked;
  expect(readdirSync(scratch("parent"))).toEqual([expect.stringMatching(/^\.stopped-/)]);
  child.kill("SIGTERM");
  expect(await ended).toEqual([143, null]);
  expect(readdirSync(scratch("parent"))).toEqual([]);
  connection.destroy();
  server.close();
});

describe("a runtime is not taken", () => {
  /** Small, in the place of a runtime. */
  const target = { ...targetNamed("linux-x64"), runtime: "fzstd" };
  const lock = readLock();
  const locked = lock.packages["node_modules/fzstd"];

  testWith(["npm"], "that is not what package-lock.json says", async () => {
    const other = lock.packages["node_modules/fflate"]?.integrity ?? "";
    const wrong = {
      packages: { "node_modules/fzstd": { version: locked?.version ?? "", integrity: other } },
    };
    const cache = scratch("wrong");
    await expectError(() => runtimeOf(target, wrong, cache), "E_DIGEST_MISMATCH", "fzstd@", "do not release");
    expect(readdirSync(cache)).toEqual([]);
  });

  testWith(["npm"], "where npm has none, and the targets that can be had are", async () => {
    const cache = scratch("none");
    const missing = { packages: { "node_modules/fzstd": { version: "0.0.9999", integrity: "sha512-AA==" } } };
    await expectError(() => runtimeOf(target, missing, cache), "E_NETWORK", "fzstd@0.0.9999", "--target");
    expect(readdirSync(cache)).toEqual([]);
  });

  test("without a digest of it", async () => {
    await expectError(
      () => runtimeOf(target, { packages: {} }, scratch("bare")),
      "E_USAGE",
      "no digest of fzstd",
    );
  });
});

test("every runtime stands in package-lock.json in the version of Bun, with its digest", () => {
  const lock = readLock();
  for (const { runtime } of TARGETS) {
    expect(lock.packages[`node_modules/${runtime}`]).toMatchObject({
      version: bunVersion(lock),
      integrity: expect.stringMatching(/^sha512-/),
    });
  }
});

test("the time of a release is SOURCE_DATE_EPOCH", async () => {
  expect(releaseTime({ SOURCE_DATE_EPOCH: "86400" })).toBe(86400);
  await expectError(() => releaseTime({ SOURCE_DATE_EPOCH: "today" }), "E_USAGE", '"today"');
});
