/** The reference in the manual is what the tables say, and nothing that the program takes is told in one place alone. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../src/cli/commands.ts";
import { bashScript } from "../../src/cli/completion/bash.ts";
import { fishScript } from "../../src/cli/completion/fish.ts";
import { grammarOf } from "../../src/cli/completion/grammar.ts";
import { zshScript } from "../../src/cli/completion/zsh.ts";
import { helpText } from "../../src/cli/help.ts";
import { manualPages } from "../../src/cli/manual/pages.ts";
import { referencePage } from "../../src/cli/manual/reference.ts";
import { ERROR_CODES, EXIT } from "../../src/errors.ts";
import { REPOSITORY } from "../support/package.ts";

const PAGE = readFileSync(join(REPOSITORY, "src/manual/reference.md"), "utf8");

/** The part of the page between the command's heading and the next. */
function partOf(name: string): string {
  const title = COMMANDS[name]?.hidden ? name : `docker2vm ${name}`;
  return PAGE.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? "";
}

test("the page is what `npm run man` makes of the tables", () => {
  expect(PAGE).toBe(referencePage(COMMANDS));
});

test("every option stands in the reference, the help, the manual page and what shells complete", async () => {
  const pages = manualPages(COMMANDS, { version: "1", date: "2026-01-31", summary: "Turns images" });
  const grammar = grammarOf(COMMANDS);
  const scripts = [bashScript(grammar), zshScript(grammar), fishScript(grammar)];
  const missing: string[] = [];
  for (const [name, { options, hidden, goFlags }] of Object.entries(COMMANDS)) {
    const help = await helpText(name);
    const page = pages.get(hidden ? `${name}.1` : `docker2vm-${name}.1`) ?? "";
    for (const option of Object.keys(options)) {
      const dash = goFlags ? "-" : "--";
      const places = {
        reference: new RegExp(`\`${dash}${option}[ \`]`).test(partOf(name)),
        help: new RegExp(`--${option}\\b`).test(help),
        manual: page.includes(`\\fB${`${dash}${option}`.replaceAll("-", "\\-")}\\fR`),
        completion: scripts.every((script) => script.includes(option)),
      };
      for (const [place, isThere] of Object.entries(places))
        if (!isThere) missing.push(`${name} ${dash}${option}: not in ${place}`);
    }
  }
  expect(missing).toEqual([]);
});

test("the page has every exit code with the errors that end so", () => {
  for (const code of Object.values(EXIT)) expect(PAGE).toContain(`\n| ${code} | `);
  for (const [code, exit] of Object.entries(ERROR_CODES)) {
    expect(PAGE).toMatch(new RegExp(`^\\| ${exit} \\|.*\`${code}\``, "m"));
  }
});
