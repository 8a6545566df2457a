/** The action for GitHub, as it stands: its file by GitHub's own parser, its scripts by shellcheck. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NoOperationTraceWriter } from "@actions/workflow-parser";
import { parseAction } from "@actions/workflow-parser/actions/action-parser";
import { run, runOk, testWith } from "../support/oracles.ts";
import { REPOSITORY } from "../support/package.ts";
import { readAction } from "./runner.ts";

const ACTION = join(REPOSITORY, ".github/actions/convert");
const SCRIPTS = readdirSync(ACTION).filter((name) => name.endsWith(".sh"));

function parsed(content: string): readonly string[] {
  const { context } = parseAction({ name: "action.yml", content }, new NoOperationTraceWriter());
  return context.errors.getErrors().map(({ message }) => message);
}

describe("action.yml", () => {
  const text = readFileSync(join(ACTION, "action.yml"), "utf8");

  test("is as GitHub reads actions", () => {
    expect(parsed(text)).toEqual([]);
    expect(parsed(text.replace("shell: bash", "shel: bash"))).not.toEqual([]);
  });

  test("puts no input into a script, where it would be code", () => {
    const { inputs, runs } = readAction(ACTION);
    expect(runs.steps.filter(({ run }) => run?.includes("${{"))).toEqual([]);
    const taken = JSON.stringify(runs.steps.map(({ env }) => env));
    for (const name of Object.keys(inputs)) expect(taken).toContain(`\${{ inputs.${name} }}`);
  });
});

testWith(["bash"], "words with which nothing is converted are refused, and told", () => {
  for (const word of ["--help", "-h", "--version", "--dry-run"]) {
    const env = {
      ...{ PATH: process.env["PATH"] ?? "", RUNNER_TEMP: "/nowhere", GITHUB_OUTPUT: "/dev/null" },
      ...{ INPUT_IMAGE: "alpine", INPUT_OUT: "vm", INPUT_PLATFORM: "", INPUT_FS: "", INPUT_SIZE: "" },
      ...{ INPUT_PROFILE: "", INPUT_OPTIONS: `--label\nmy root\n${word}\r\n`, INPUT_CACHE: "true" },
    };
    const { status, stderr } = run("bash", [join(ACTION, "plan.sh")], { env });
    expect([word, status]).toEqual([word, 2]);
    expect(stderr).toContain(`::error::the input options must not have ${word}`);
  }
});

testWith(["shellcheck"], "shellcheck finds nothing in its scripts", () => {
  expect(SCRIPTS.sort()).toEqual(["convert.sh", "install.sh", "plan.sh"]);
  runOk("shellcheck", SCRIPTS, { cwd: ACTION });
});
