/** Archives through pipes of all kinds, and pipes that nothing comes through. */
import { beforeAll, describe, expect } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, createWriteStream, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { findOracle, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const REPOSITORY = join(import.meta.dir, "../..");
const PROGRAM = [process.execPath, join(REPOSITORY, "src/cli/main.ts"), "inspect-image", "-"];
const scratch = scratchFolder();
let archive: Buffer;
let fifos = 0;

beforeAll(() => {
  if (findOracle("tar") === undefined) return;
  runOk("tar", ["-C", join(REPOSITORY, "fixtures/images/hello"), "-cf", scratch("archive.tar"), "."]);
  archive = readFileSync(scratch("archive.tar"));
});

/** The command with a named pipe on standard input, opened with these flags besides; and the other end of it. */
function start(flags: number): { child: ChildProcess; pipe: number } {
  const path = scratch(`pipe${fifos++}`);
  runOk("mkfifo", [path]);
  // To open an end waits for who opens the other.
  const both = openSync(path, constants.O_RDWR);
  const stdin = openSync(path, constants.O_RDONLY | flags);
  const pipe = openSync(path, constants.O_WRONLY);
  closeSync(both);
  const [command = "", ...args] = PROGRAM;
  const child = spawn(command, [...args, "--platform", "linux/amd64", "--json"], {
    stdio: [stdin, "pipe", "pipe"],
  });
  closeSync(stdin);
  return { child, pipe };
}

async function told(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  const [code] = await once(child, "close");
  return { code, ...said };
}

describe("an archive through a pipe", () => {
  for (const [kind, flags] of [
    ["that waits", 0],
    ["that does not wait", constants.O_NONBLOCK],
  ] as const) {
    for (const compressed of [false, true]) {
      testWith(["tar"], `${kind} is read, ${compressed ? "compressed" : "as it is"}`, async () => {
        const { child, pipe } = start(flags);
        const outcome = told(child);
        const bytes = compressed ? gzipSync(archive) : archive;
        const half = bytes.length >> 1;
        await pipeline(
          async function* () {
            yield bytes.subarray(0, half);
            // So that the reader finds nothing.
            await new Promise((resolve) => setTimeout(resolve, 500));
            yield bytes.subarray(half);
          },
          createWriteStream("", { fd: pipe }),
        );
        const { code, stdout, stderr } = await outcome;
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        expect(JSON.parse(stdout)).toMatchObject({ reference: "-", image: { storedBytes: 48_473 } });
      });
    }

    testWith(["tar"], `${kind}, and that nothing comes through, ends with a signal`, async () => {
      const { child, pipe } = start(flags);
      const outcome = told(child);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      child.kill("SIGTERM");
      expect(await outcome).toMatchObject({
        code: 143,
        stderr: expect.stringContaining("stopped by SIGTERM"),
      });
      closeSync(pipe);
    });
  }
});
