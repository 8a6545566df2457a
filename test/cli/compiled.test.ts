/** One executable of everything, as `bun build --compile` makes it. */
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runOk } from "../support/oracles.ts";
import { PACKAGE, REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const HELLO = `oci:${join(REPOSITORY, "fixtures/images/hello")}`;

function compile(source: string, name: string): string {
  runOk(process.execPath, ["build", "--compile", source, "--outfile", scratch(name)], { cwd: scratch() });
  return scratch(name);
}

describe("an executable", () => {
  test("of the command knows its version, and converts to the same bytes with threads and without", () => {
    const docker2vm = compile(join(REPOSITORY, "src/cli/main.ts"), "docker2vm");
    expect(runOk(docker2vm, ["--version"])).toBe(`${PACKAGE.version}\n`);
    const digests = [0, 2].map((workers) => {
      const out = scratch(`out${workers}`);
      const convert = [
        "convert",
        HELLO,
        "--platform",
        "linux/amd64",
        "--workers",
        `${workers}`,
        "--no-result-cache",
        ...["--layer-store", "off"],
      ];
      runOk(docker2vm, [...convert, "--out", out, "--progress", "none"]);
      return Bun.hash(readFileSync(join(out, "rootfs.ext4")));
    });
    expect(digests[1]).toBe(digests[0] as (typeof digests)[number]);
  });

  /** Converts with two threads, and says where it is begun. */
  const program = (asks: boolean): string => `
    import { isMainThread } from "node:worker_threads";
    import { convert } from "${REPOSITORY}/src/index.ts";
    import { isLayerThread } from "${REPOSITORY}/src/convert/workers/thread-module.ts";
    console.log(isMainThread ? "main" : "thread");
    if (!${asks} || !(await isLayerThread())) {
      const source = "${HELLO}";
      await convert({ source, platform: "linux/amd64", out: process.argv[2] ?? "", workers: 2 });
      console.log("done");
    }`;

  for (const [asks, said] of [
    [true, ["done", "main", "thread", "thread"]],
    [false, ["done", "main"]],
  ] as const) {
    test(`of another program ${asks ? "serves threads if it asks" : "else does without"}`, () => {
      writeFileSync(scratch(`${asks}.ts`), program(asks));
      const executable = compile(scratch(`${asks}.ts`), `program-${asks}`);
      const lines = runOk(executable, [scratch(`by-${asks}`)])
        .trim()
        .split("\n");
      expect(lines.sort()).toEqual([...said]);
    });
  }
});
