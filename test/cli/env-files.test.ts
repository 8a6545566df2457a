/** A .env file of the working folder is not the environment, whatever Bun makes of it. */
import { expect } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runOk, testWith } from "../support/oracles.ts";
import { REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const HELLO = `oci:${join(REPOSITORY, "fixtures/images/hello")}`;
const CONVERT = ["convert", HELLO, "--platform", "linux/amd64", "--quiet", "--out"];
const MAIN = join(REPOSITORY, "src/cli/main.ts");

/** Converts in a folder that has such a .env; the UUID, which follows from SOURCE_DATE_EPOCH. */
function uuidBy(name: string, command: readonly string[], dotEnv: string | undefined): string {
  const cwd = scratch(name);
  mkdirSync(cwd);
  for (const file of ["package.json", "src", "node_modules", "tsconfig.json"])
    symlinkSync(join(REPOSITORY, file), join(cwd, file));
  if (dotEnv !== undefined) writeFileSync(join(cwd, ".env"), dotEnv);
  runOk("env", ["-u", "SOURCE_DATE_EPOCH", ...command, ...CONVERT, join(cwd, "out")], { cwd });
  return JSON.parse(readFileSync(join(cwd, "out/meta.json"), "utf8")).filesystem.uuid;
}

testWith(["npm"], "the command obeys the real environment alone, by npm and by Bun itself", () => {
  const dotEnv = "SOURCE_DATE_EPOCH=86400\nTMPDIR=/nonexistent\n";
  const usual = uuidBy("usual", [process.execPath, MAIN], undefined);
  expect(uuidBy("by-npm", ["npm", "run", "--silent", "docker2vm", "--"], dotEnv)).toBe(usual);
  expect(uuidBy("by-bun", [process.execPath, MAIN], dotEnv)).toBe(usual);
  const given = ["SOURCE_DATE_EPOCH=86400", process.execPath, MAIN];
  expect(uuidBy("given", given, "SOURCE_DATE_EPOCH=5\n")).not.toBe(usual);
});
