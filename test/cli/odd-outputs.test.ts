/** An output folder where none can be: always an error, and the end. Under Node and Bun, whose own ways differ here. */
import { beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { testWith } from "../support/oracles.ts";
import { installPackage, PACKAGE } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const HELLO = join(import.meta.dir, "../../fixtures/images/hello");
/** Whoever is not done by then never is. */
const NEVER = 60_000;

const OUTPUTS: readonly (readonly [name: string, out: () => string, said: readonly string[]])[] = [
  ["a file", () => scratch("file"), ["is not a folder", "another place"]],
  [
    "in a file",
    () => scratch("file/a"),
    [`${scratch("file")} is not a folder`, "something on the way there is a file"],
  ],
  ["below a file", () => scratch("file/a/b"), [`${scratch("file")} is not a folder`, "another place"]],
  ["a link to nothing", () => scratch("dangling"), ["is not a folder", "another place"]],
  [
    "below a link to nothing",
    () => scratch("dangling/a/b"),
    [`${scratch("dangling")} is not a folder`, "a link to nothing"],
  ],
  ["where a filesystem makes no folders", () => "/sys/docker2vm/a", ["EPERM", "choose another place"]],
];

beforeAll(() => {
  mkdirSync(scratch("empty"));
  writeFileSync(scratch("file"), "");
  symlinkSync("empty/nothing", scratch("dangling"));
});

function expectRefusal(program: readonly string[], out: string, said: readonly string[]): void {
  const [command = "", ...args] = [
    ...program,
    "convert",
    `oci:${HELLO}`,
    "--platform",
    "linux/amd64",
    "--out",
    out,
  ];
  const ran = spawnSync(command, args, { encoding: "utf8", timeout: NEVER, killSignal: "SIGKILL" });
  for (const text of ["error: ", "\n  hint: ", ...said]) expect(ran.stderr).toContain(text);
  expect(ran.status).toBe(8);
  expect([readdirSync(scratch("empty")), existsSync(scratch("empty/nothing"))]).toEqual([[], false]);
}

describe("an output folder", () => {
  for (const [name, out, said] of OUTPUTS) {
    test(`${name} is refused`, () => expectRefusal([process.execPath, MAIN], out(), said));
  }
});

testWith(["node", "npm", "tar"], "so are they all under Node, and folders to extract to", () => {
  const main = join(installPackage(scratch("installed")), PACKAGE.bin.docker2vm);
  for (const [, out, said] of OUTPUTS) expectRefusal(["node", main], out(), said);
  const image = scratch("out/rootfs.ext4");
  const made = ["convert", `oci:${HELLO}`, "--platform", "linux/amd64", "--out", scratch("out"), "--quiet"];
  expect(spawnSync("node", [main, ...made]).status).toBe(0);
  for (const into of ["/sys/docker2vm/a", scratch("dangling/a"), scratch("file/a")]) {
    const ran = spawnSync("node", [main, "extract", image, "/", into], {
      encoding: "utf8",
      timeout: NEVER,
      killSignal: "SIGKILL",
    });
    expect([into, ran.status]).toEqual([into, 8]);
    expect(ran.stderr).toStartWith("error: ");
  }
});
