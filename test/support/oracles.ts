/**
 * The real programs that judge what this project makes. A machine that lacks one skips the tests that need it, and the
 * run says at its end which Debian packages would run them; with DOCKER2VM_REQUIRE_ORACLES=1 (as .ci/run sets it) a
 * missing one fails the run instead.
 */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { leftOut } from "./left-out.ts";
import { findProgram, lacksOf, type Oracle, remedyFor } from "./programs.ts";

export { findOracle, type Oracle } from "./programs.ts";

const REQUIRED = process.env["DOCKER2VM_REQUIRE_ORACLES"] === "1";

/** `bun:test`'s test, run only where the oracles are (see the head of this file). */
export function testWith(
  oracles: readonly Oracle[],
  name: string,
  run: () => void | Promise<void>,
  timeoutMs?: number,
): void {
  const lacks = lacksOf(oracles);
  if (lacks.length === 0) {
    test(name, run, timeoutMs);
    return;
  }
  if (REQUIRED) {
    test(name, () => {
      throw new Error(`needs ${lacks.map((lack) => lack.name).join(", ")}: ${remedyFor(lacks).join("; ")}`);
    });
    return;
  }
  leftOut.test(lacks);
  test.skip(name, run);
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What hangs is to be told by name, before the test around it has to be ended. */
export const ENDS_WITHIN_MS = 900_000;

/** Runs a program to its end and returns what it said; a status other than 0 is not an error here. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Outcome {
  const result = spawnSync(findProgram(program) ?? program, args, {
    encoding: options.encoding ?? "utf8",
    maxBuffer: 1 << 28,
    timeout: ENDS_WITHIN_MS,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? {} : { input: options.input }),
    env: { ...process.env, LC_ALL: "C.UTF-8", ...options.env },
  });
  if (result.error) throw new Error(`${program} ${args.join(" ")}`, { cause: result.error });
  return { status: result.status ?? -1, stdout: result.stdout, stderr: result.stderr };
}

/** As `run`, but a status other than 0 throws with everything the program said. */
export function runOk(program: string, args: readonly string[], options: RunOptions = {}): string {
  const outcome = run(program, args, options);
  if (outcome.status !== 0) {
    throw new Error(
      `${program} ${args.join(" ")}: exit ${outcome.status}\n${outcome.stdout}\n${outcome.stderr}`,
    );
  }
  return outcome.stdout;
}

export interface RunOptions {
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly input?: string | Uint8Array | undefined;
  /** How the output is read: latin1 where it holds names that are bytes. */
  readonly encoding?: "utf8" | "latin1" | undefined;
}

/** As expectCleanFilesystem, in tests that run without the checkers, too. */
export function expectCleanIfChecked(image: string): void {
  const [lack] = lacksOf([checkerOf(image)]);
  if (lack === undefined || REQUIRED) expectCleanFilesystem(image);
  else leftOut.judgement(lack);
}

/** Fails unless `e2fsck -fn`, or for an EROFS `fsck.erofs --extract`, finds nothing at all to say about the image. */
export function expectCleanFilesystem(image: string): void {
  const checker = checkerOf(image);
  if (checker === "e2fsck") runOk(checker, ["-fn", image]);
  else expect(run(checker, ["--extract", image])).toEqual({ status: 0, stdout: "", stderr: "" });
}

function checkerOf(image: string): "e2fsck" | "fsck.erofs" {
  return image.endsWith(".erofs") ? "fsck.erofs" : "e2fsck";
}
