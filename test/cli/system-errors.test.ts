/** What the system refuses is told with the path and what to do, and never as a mistake of this program. */
import { beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { closeSync, cpSync, existsSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const HELLO = join(import.meta.dir, "../../fixtures/images/hello");
/** A file whose beginning cannot be read: EIO. */
const FAILING = "/proc/self/mem";

beforeAll(() => {
  runOk("tar", ["-czf", scratch("image.tar.gz"), "-C", HELLO, "."]);
});

/** Each way to open a source, none of which is to make anything in the folder "out". */
const COMMANDS: readonly (readonly [string, (source: string) => readonly string[]])[] = [
  ["convert", (source) => ["convert", source, "--out", scratch("out"), "--quiet"]],
  ["convert --dry-run", (source) => ["convert", source, "--dry-run", "--out", scratch("out")]],
  ["inspect-image", (source) => ["inspect-image", source]],
];

interface Around {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

function docker2vm(args: readonly string[], { env = {}, stdin = "/dev/null" }: Around = {}) {
  const input = openSync(stdin, "r");
  try {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
      env: { ...process.env, ...env },
      stdio: [input, "ignore", "pipe"],
      encoding: "utf8",
    });
    return { status, stderr };
  } finally {
    closeSync(input);
  }
}

function expectFailure(
  { status, stderr }: { status: number | null; stderr: string },
  code: number,
  ...said: readonly string[]
): void {
  for (const text of ["error: ", "\n  hint: ", ...said]) expect(stderr).toContain(text);
  expect(stderr).not.toContain("bug");
  expect([status, existsSync(scratch("out"))]).toEqual([code, false]);
}

describe("a temporary folder", () => {
  for (const [name, commandFor] of COMMANDS.slice(1)) {
    for (const folder of ["/nonexistent/tmp", "/proc"]) {
      test(`that is ${folder}: ${name} says so where it needs one, and does without where not`, () => {
        const env = { TMPDIR: folder };
        const compressed = docker2vm(commandFor(`oci-archive:${scratch("image.tar.gz")}`), { env });
        expectFailure(
          compressed,
          8,
          `the archive cannot be kept in ${folder}: `,
          "TMPDIR names another folder",
        );
        expect(docker2vm(commandFor(`oci:${HELLO}`), { env })).toEqual({ status: 0, stderr: "" });
      });
    }
  }

  test("is not what convert uses: that has the output's", () => {
    const env = { TMPDIR: "/nonexistent/tmp" };
    const args = ["convert", `oci-archive:${scratch("image.tar.gz")}`, "--out", scratch("made"), "--quiet"];
    expect(docker2vm(args, { env })).toEqual({ status: 0, stderr: "" });
  });
});

for (const [name, commandFor] of COMMANDS) {
  describe(`${name}: a source`, () => {
    for (const kind of ["oci-archive", "docker-archive"]) {
      test(`${kind} that fails to be read`, () => {
        const ran = docker2vm(commandFor(`${kind}:${FAILING}`));
        expectFailure(ran, 8, `${FAILING}: cannot be read: EIO`, "copy it elsewhere");
      });
    }

    test("on standard input that fails to be read, or is a folder", () => {
      expectFailure(docker2vm(commandFor("-"), { stdin: FAILING }), 8, "standard input", "EIO");
      expectFailure(docker2vm(commandFor("-"), { stdin: HELLO }), 8, "standard input", "it is a folder");
    });

    test("with a folder where a file is expected", () => {
      for (const file of ["index.json", "oci-layout"]) {
        cpSync(HELLO, scratch("layout"), { recursive: true });
        rmSync(scratch("layout", file));
        mkdirSync(scratch("layout", file));
        const ran = docker2vm(commandFor(`oci:${scratch("layout")}`));
        expectFailure(ran, 7, `${scratch("layout", file)}: is not a regular file`);
        rmSync(scratch("layout"), { recursive: true });
      }
      expectFailure(docker2vm(commandFor(`oci-archive:${HELLO}`)), 3, HELLO, "is a folder", "--oci-layout");
    });

    test("that is not there", () => {
      for (const kind of ["oci", "oci-archive"]) {
        expectFailure(docker2vm(commandFor(`${kind}:/nonexistent/x`)), 3, "/nonexistent/x", "check the path");
      }
    });
  });
}

testWith(["setpriv", "chroot"], "a source that this user may not read", () => {
  mkdirSync(scratch("secret"), { mode: 0o700 });
  cpSync(HELLO, scratch("secret/layout"), { recursive: true });
  const someone = ["--reuid=12345", "--regid=12345", "--clear-groups", process.execPath, "--version"];
  // Not where this program itself lies in folders of root's alone.
  if (spawnSync("setpriv", someone).status !== 0) return;
  const { status, stderr } = spawnSync(
    "setpriv",
    [...someone.slice(0, -1), MAIN, "inspect-image", `oci:${scratch("secret/layout")}`],
    { encoding: "utf8" },
  );
  expectFailure({ status, stderr }, 8, "secret/layout: cannot be read: EACCES", "this user may not read it");
});
