/** The reference, in Markdown: every command with its options, exit codes, events, variables and files. */
import type { Command, Commands, Example } from "../command.ts";
import { COMMON_OPTIONS, type OptionSpec, type Options, type Syntax } from "../options/option.ts";
import { codesOf, ENVIRONMENT, eventRows, exitRows, FILES, type Row } from "./facts.ts";
import { groupsOf, meaning, PROGRAM, sentence, spellingsOf, valueName } from "./option-text.ts";

/** The page, the same for the same tables. */
export function referencePage(commands: Commands): string {
  const parts = [
    "# Reference",
    "Made of the tables that the program itself goes by: `npm run man` writes this page, and help, manual pages and completion say the same. What options are for, the other pages say.",
    list(Object.entries(commands).map(([name, command]) => indexLine(name, command))),
    ...Object.entries(commands).map(([name, command]) => commandPart(name, command)),
    "## Options of all commands",
    optionTable(COMMON_OPTIONS, "--"),
    "## Exit codes and errors",
    table(["Code", "Meaning", "Errors"], exitRows().map(exitRow)),
    "## Events",
    "With `--progress json` each is one line of JSON on standard error, its kind in `type`. What else is in it, `docker2vm/schema/event.json` of the npm package says.",
    table(["`type`", "Meaning"], eventRows().map(codeRow)),
    "## Environment",
    table(["Variable", "Meaning"], ENVIRONMENT.map(variableRow)),
    "## Files",
    table(["File", "Meaning"], FILES.map(codeRow)),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** As it is called. */
function titleOf(name: string, { hidden }: Command): string {
  return hidden === true ? name : `${PROGRAM} ${name}`;
}

function indexLine(name: string, command: Command): string {
  const title = titleOf(name, command);
  return `[${title}](#${title.replaceAll(" ", "-")}): ${escaped(sentence(command.summary))}`;
}

function commandPart(name: string, command: Command): string {
  const { summary, usage, options, actions = {}, examples = [], goFlags, failsWith } = command;
  const [synopsis = "", ...texts] = usage.split("\n\n");
  const own = failsWith === undefined ? [] : [`Every failure of its own ends with ${failsWith}.`];
  return [
    `## ${titleOf(name, command)}`,
    escaped(sentence(summary)),
    block(synopsis),
    ...texts.map((text) => escaped(text.replaceAll("\n", " "))),
    ...own,
    ...Object.entries(actions).map(([action, syntax]) => actionText(action, syntax)),
    ...groupsOf(options).flatMap(([group, inGroup]) => [
      `**${escaped(group)}**`,
      optionTable(inGroup, goFlags === true ? "-" : "--"),
    ]),
    ...(examples.length === 0 ? [] : [block(examples.map(exampleText).join("\n"))]),
  ].join("\n\n");
}

function actionText(name: string, { summary, options }: Syntax): string {
  const taken = Object.keys(options).map((option) => `\`--${option}\``);
  const takes = taken.length === 0 ? "" : ` It takes ${taken.join(", ")}.`;
  return `\`${name}\`: ${escaped(sentence(summary))}${takes}`;
}

function exampleText({ does, line }: Example): string {
  return `# ${does}\n${line}`;
}

function optionTable(options: Options, dash: "-" | "--"): string {
  const rows = Object.entries(options).map(([name, option]) => [
    term(name, option, dash),
    escaped(meaning(option)),
  ]);
  return table(["Option", "Meaning"], rows);
}

function term(name: string, option: OptionSpec, dash: "-" | "--"): string {
  const [last = "", ...others] = [...spellingsOf(name, option, dash)].reverse();
  const value = valueName(option);
  return [...others, value === undefined ? last : `${last} ${value}`].map(code).join(", ");
}

function exitRow([number, text]: Row): readonly string[] {
  return [number, escaped(text), codesOf(number).map(code).join(" ")];
}

function codeRow([name, text]: Row): readonly string[] {
  return [code(name), escaped(text)];
}

function variableRow([names, text]: Row): readonly string[] {
  return [names.split(", ").map(code).join(", "), escaped(text)];
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join("\n");
}

function block(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return lines.join("\n");
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

/** Text in which nothing is markup, but for code that is marked as that already. */
function escaped(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, at) => (at % 2 === 1 ? part : part.replaceAll(/[\\*_<>[\]]/g, "\\$&")).replaceAll("|", "\\|"))
    .join("");
}
