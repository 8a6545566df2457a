/** The manual's pages: out of the tables of commands and options, and read by what shows them. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../src/cli/commands.ts";
import { ENVIRONMENT } from "../../src/cli/manual/facts.ts";
import { manualPages } from "../../src/cli/manual/pages.ts";
import { EXIT } from "../../src/errors.ts";
import { run, runOk, testWith } from "../support/oracles.ts";
import { PACKAGE, REPOSITORY } from "../support/package.ts";
import { withTemporaryFolder } from "../support/temporary.ts";

const PAGES = manualPages(COMMANDS, {
  version: PACKAGE.version,
  date: "2026-01-31",
  summary: "Turns images",
});

/** As words, whatever the lines. */
function words(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

testWith(["groff", "mandoc", "man"], "every page is read without a warning, and shows every option", () =>
  withTemporaryFolder((folder) => {
    for (const [file, text] of PAGES) writeFileSync(join(folder, file), text);
    const files = [...PAGES.keys()].map((file) => join(folder, file));
    const silent = { status: 0, stdout: "", stderr: "" };
    expect(run("groff", ["-ww", "-man", "-Tutf8", "-z", ...files])).toEqual(silent);
    expect(run("mandoc", ["-T", "lint", "-W", "warning", ...files])).toEqual(silent);
    for (const [name, { options, hidden, goFlags, actions = {} }] of Object.entries(COMMANDS)) {
      const file = `${hidden ? name : `docker2vm-${name}`}.1`;
      const shown = words(
        runOk("mandoc", ["-T", "ascii", "-O", "width=500", join(folder, file)]).replaceAll(/.[\b]/g, ""),
      );
      const dash = goFlags ? "-" : "--";
      const wanted = [...Object.keys(options).map((option) => ` ${dash}${option} `), ...Object.keys(actions)];
      expect([file, wanted.filter((text) => !shown.includes(text))]).toEqual([file, []]);
    }
    const env = { MANWIDTH: "100", MANOPT: "--no-hyphenation", MANPAGER: "cat" };
    const { stderr, ...whole } = run("man", ["--warnings", "-l", join(folder, "docker2vm.1")], { env });
    expect({ stderr, status: whole.status }).toEqual({ stderr: "", status: 0 });
    for (const code of Object.values(EXIT)) expect(words(whole.stdout)).toContain(` ${code} `);
  }),
);

test("every variable that the program reads is told of", () => {
  const sources = readdirSync(join(REPOSITORY, "src"), { recursive: true, encoding: "utf8" });
  const read = sources
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) => [
      ...readFileSync(join(REPOSITORY, "src", path), "utf8").matchAll(/\benv(?:ironment)?\["([A-Z_]+)"/g),
    ])
    .map((match) => match[1] ?? "");
  const told = ENVIRONMENT.flatMap(([names]) => names.split(", "));
  expect([...new Set(read)].filter((name) => !told.includes(name))).toEqual([]);
  expect(new Set(read).size).toBeGreaterThan(10);
});
