/** The pipelines in the manual: GitHub's by its own parser, and what GitLab's runs, run. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { readAction } from "../action/runner.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";
import { blocks, DOCUMENTS } from "./document.ts";

const scratch = scratchFolder();
const CI = DOCUMENTS.find(({ path }) => path.endsWith("/ci.md"));
const ACTION = join(REPOSITORY, ".github/actions/convert");

function pipeline(title: string): string {
  const found = blocks(CI?.text ?? "").find(
    ({ section, language }) => section === title && language === "yaml",
  );
  return found?.text ?? "";
}

/** As far as it is asked for. */
interface Workflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly uses?: string; readonly with?: object }[] }>
  >;
}

describe("the pipeline for GitHub", () => {
  const text = pipeline("GitHub Actions");

  test("is one", () => {
    const { context } = parseWorkflow({ name: "convert.yml", content: text }, new NoOperationTraceWriter());
    expect(context.errors.getErrors()).toEqual([]);
  });

  test("gives the action inputs that it has, and takes outputs that it gives", () => {
    const { inputs, outputs } = readAction(ACTION);
    const { jobs } = Bun.YAML.parse(text) as Workflow;
    const step = jobs["convert"]?.steps.find(({ uses }) => uses?.includes(".github/actions/convert@"));
    expect(Object.keys(step?.with ?? {}).filter((name) => !(name in inputs))).toEqual([]);
    const taken = [...text.matchAll(/steps\.vm\.outputs\.([\w-]+)/g)].map(([, name = ""]) => name);
    expect(taken.filter((name) => !(name in outputs))).toEqual([]);
    for (const name of [...Object.keys(inputs), ...Object.keys(outputs)])
      expect(CI?.text).toContain(`\`${name}\``);
  });
});

testWith(["bash", "node"], "the pipeline for GitLab makes an image, and what it keeps is there", () => {
  const { convert } = Bun.YAML.parse(pipeline("GitLab CI")) as {
    readonly convert: {
      readonly script: readonly string[];
      readonly cache: { readonly paths: readonly string[] };
      readonly artifacts: { readonly paths: readonly string[] };
    };
  };
  const project = scratch("project");
  mkdirSync(project);
  symlinkSync(join(REPOSITORY, "fixtures/images/hello"), join(project, "image"));
  const program = `${process.execPath} --no-env-file ${join(REPOSITORY, "src/cli/main.ts")}`;
  const standIns = `set -eu\nnpm() { :; }\ndocker2vm() { ${program} "$@"; }\n`;
  const env = { IMAGE: "oci:./image", PACKAGE: "docker2vm.tgz" };
  const said = runOk("bash", ["-c", standIns + convert.script.join("\n")], { cwd: project, env });
  const { rootfsDigest } = JSON.parse(readFileSync(join(project, "vm/meta.json"), "utf8"));
  expect(said).toEndWith(`${rootfsDigest}\n`);
  for (const path of [...convert.cache.paths, ...convert.artifacts.paths]) {
    expect([path, existsSync(join(project, path))]).toEqual([path, true]);
  }
});
