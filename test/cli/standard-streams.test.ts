/** Streams that cannot be written to, under Bun and, as the package is published, under Node. */
import { beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { Docker2vmError } from "../../src/errors.ts";
import { dockerContainer, inPlace } from "../dockerfile/stand-in.ts";
import { expectCleanIfChecked, findOracle, type Outcome, run, runOk, testWith } from "../support/oracles.ts";
import { installPackage, PACKAGE } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";
import { RESULT, runWith } from "./fake-host.ts";

const REPOSITORY = join(import.meta.dir, "../..");
const MAIN = join(REPOSITORY, "src/cli/main.ts");
const LAYOUT = `oci:${join(REPOSITORY, "fixtures/images/hello")}`;
const FAILED = /^error: the result could not be written to standard output: the disk is full\n$/;

const scratch = scratchFolder();
/** The bundled image's filesystem, which is only read. */
let image = "";
/** The published program, packed once. */
let published = "";

beforeAll(() => {
  image = scratch("made/rootfs.ext4");
  runOk(process.execPath, [MAIN, ...convertInto("made")]);
  if (findOracle("node") === undefined || findOracle("npm") === undefined) return;
  published = join(installPackage(scratch("installed")), PACKAGE.bin.docker2vm);
});

function convertInto(out: string): string[] {
  return ["convert", LAYOUT, "--platform", "linux/amd64", "--out", scratch(out)];
}

/** Runs the command by a script for bash, in which it is "$@". */
type Shell = (script: string, ...args: readonly string[]) => Outcome;

const FULL = '"$@" >/dev/full';
/** Descriptor 3 is a pipe whose reader is known to be gone. */
const NOBODY = "exec 3> >(:); wait $!";
const CLOSED = `${NOBODY}; "$@" >&3`;

function shellFor(program: () => readonly string[]): Shell {
  const env = { SOURCE_DATE_EPOCH: "", XDG_CACHE_HOME: "/nonexistent" };
  return (script, ...args) => run("bash", ["-c", script, "bash", ...program(), ...args], { env });
}

const BUN = shellFor(() => [process.execPath, MAIN]);
const NODE = shellFor(() => ["node", published]);

/** The bundled image as an archive, behind so many zeros. */
function archive(zeros = 0): string {
  const path = scratch(`archive-${zeros}.tar`);
  if (existsSync(path)) return path;
  const folder = join(REPOSITORY, "fixtures/images/hello");
  runOk("bash", [
    "-c",
    'head -c "$1" /dev/zero >"$2"; tar -C "$3" -cf - . >>"$2"',
    "bash",
    `${zeros}`,
    path,
    folder,
  ]);
  return path;
}

/** What only tells something, by what is given to the command. */
const TELLING: Readonly<Record<string, () => readonly string[]>> = {
  "--help": () => ["--help"],
  "--version": () => ["--version"],
  "convert --dry-run": () => [...convertInto("planned"), "--dry-run"],
  "inspect-image": () => ["inspect-image", LAYOUT],
  "cache ls": () => ["cache", "ls"],
  inspect: () => ["inspect", image],
  ls: () => ["ls", image, "--recursive"],
  cat: () => ["cat", image, "/etc/hostname"],
  "extract -": () => ["extract", image, "/", "-"],
  verify: () => ["verify", image],
};

for (const [runtime, docker2vm] of [
  ["Bun", BUN],
  ["Node", NODE],
] as const) {
  const needed = runtime === "Node" ? (["bash", "node", "npm", "tar"] as const) : (["bash"] as const);
  const testHere = (name: string, body: () => void) => testWith(needed, `${name}, under ${runtime}`, body);

  describe(`standard input under ${runtime}`, () => {
    const described = JSON.stringify({ reference: "-" }).slice(1, -1);

    /** No file may be longer than 4 KiB: what is read by position is kept in none. */
    const withoutKeeping = (script: string): Outcome =>
      docker2vm(`ulimit -f 4; ${script}`, "inspect-image", "-", "--json", "--platform", "linux/amd64");

    testWith([...needed, "tar"], `that is a file is not kept, under ${runtime}`, () => {
      const { status, stdout, stderr } = withoutKeeping(`"$@" <${archive()}`);
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout.replace(/\s/g, "")).toContain(described);
    });

    testWith([...needed, "tar"], `that was begun, or is a pipe, is kept, under ${runtime}`, () => {
      const begun = `{ head -c 10240 >/dev/null; "$@"; } <${archive(10_240)}`;
      for (const script of [begun, `cat ${archive()} | "$@"`]) {
        expect(withoutKeeping(script)).toMatchObject({ status: 8, stdout: "" });
      }
    });
  });

  describe(`standard output under ${runtime}`, () => {
    for (const [name, args] of Object.entries(TELLING)) {
      testHere(`on a full disk is one line of an error from ${name}`, () => {
        expect(docker2vm(FULL, ...args())).toEqual({
          status: 8,
          stdout: "",
          stderr: expect.stringMatching(FAILED),
        });
      });

      testHere(`that nobody reads ends ${name} quietly`, () => {
        expect(docker2vm(CLOSED, ...args())).toEqual({ status: 0, stdout: "", stderr: "" });
      });
    }

    testHere("on a full disk leaves the image that was made, and the error says so", () => {
      const out = `full-${runtime}`;
      const { status, stderr } = docker2vm(FULL, ...convertInto(out), "--progress=none");
      expect(status).toBe(8);
      expect(stderr).toStartWith(
        `error: the image is in ${scratch(out)}, but the result could not be written to standard output: the disk is full`,
      );
      expect(stderr.trimEnd()).not.toContain("\n");
      expectCleanIfChecked(scratch(out, "rootfs.ext4"));
      expect(JSON.parse(readFileSync(scratch(out, "meta.json"), "utf8")).schemaVersion).toBe(1);
    });

    testHere("that nobody reads leaves the image that was made, as if it had been read", () => {
      const out = `closed-${runtime}`;
      expect(docker2vm(CLOSED, ...convertInto(out), "--progress=none")).toEqual({
        status: 0,
        stdout: "",
        stderr: "",
      });
      expect(existsSync(scratch(out, "meta.json"))).toBe(true);
    });

    testHere("that nobody reads takes nothing from what verify has found", () => {
      const broken = scratch(`broken-${runtime}.ext4`);
      copyFileSync(image, broken);
      truncateSync(broken, 1 << 20);
      const { status, stderr } = docker2vm(CLOSED, "verify", broken);
      expect([status, stderr]).toEqual([9, expect.stringContaining("found")]);
    });

    testHere("of which the disk takes a part is told, too", () => {
      const list = ["ls", image, "--recursive", "--json"];
      const whole = docker2vm('"$@"', ...list);
      expect(whole.status).toBe(0);
      expect(whole.stdout.length).toBeGreaterThan(4096);
      const cut = docker2vm(`ulimit -f 4; "$@" >'${scratch(`cut-${runtime}`)}'`, ...list);
      expect([cut.status, cut.stderr]).toEqual([
        8,
        expect.stringContaining("standard output: the file is larger"),
      ]);
    });
  });

  describe(`standard error under ${runtime}`, () => {
    for (const [what, script] of [
      ["on a full disk", '"$@" 2>/dev/full'],
      ["that nobody reads", `${NOBODY}; "$@" 2>&3`],
    ] as const) {
      testHere(`${what} disturbs nothing`, () => {
        const out = `deaf-${runtime}-${what.replaceAll(" ", "-")}`;
        const ran = docker2vm(script, ...convertInto(out), "--progress=plain");
        expect(ran).toMatchObject({ status: 0, stderr: "" });
        expect(ran.stdout).toContain(`Rootfs    ${scratch(out, "rootfs.ext4")}\n`);
        expectCleanIfChecked(scratch(out, "rootfs.ext4"));
      });
    }

    testHere("on a full disk takes nothing from the exit code", () => {
      expect(docker2vm('"$@" 2>/dev/full', "ls", image, "/nope").status).toBe(3);
      expect(docker2vm('"$@" >/dev/full 2>&1', "inspect", image).status).toBe(8);
    });
  });
}

describe("what was made and cannot be told", () => {
  const full = {
    write: () => Promise.reject(new Docker2vmError("E_NO_SPACE", "the result could not be written")),
  };

  test("is named by every command that makes something", async () => {
    const assets = { convert: async () => ({ ...RESULT, assetPaths: ["/vm/manifest.json"] }) };
    for (const [args, made] of [
      [["convert", "oci:./app", "--out", "vm"], "the image is in /vm"],
      [["oci2gondolin", "--image", "app", "--out", "vm"], "the image is in /vm"],
      [["cache", "prune", "--cache-dir", scratch("no-cache")], "the cache is pruned"],
      [["extract", image, "/etc", scratch("etc")], `the files are in ${scratch("etc")}`],
    ] as const) {
      const { code, stderr } = await runWith(args, assets, { stdout: full });
      expect([code, stderr]).toEqual([8, `error: ${made}, but the result could not be written\n`]);
    }
    await inPlace(async (place) => {
      dockerContainer(place);
      const out = place.path("out");
      const args = [
        "dockerfile",
        "--context",
        place.context,
        "--out",
        out,
        "--platform",
        "linux/amd64",
        "-q",
      ];
      const { code, stderr } = await runWith(args, {}, { stdout: full, env: place.environment });
      expect([code, stderr]).toEqual([
        8,
        `error: the image is in ${out}, but the result could not be written\n`,
      ]);
    });
  });
});
