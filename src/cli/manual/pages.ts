/** The manual, out of the tables of commands and options: a page for the program and one for each command. */
import type { Command, Commands, Example } from "../command.ts";
import { COMMON_OPTIONS, type OptionSpec, type Options, type Syntax } from "../options/option.ts";
import { ENVIRONMENT, exitRows, FILES } from "./facts.ts";
import { groupsOf, meaning, PROGRAM, pageOf, sentence, spellingsOf, valueName } from "./option-text.ts";
import {
  bold,
  definitions,
  escaped,
  filled,
  heading,
  italic,
  paragraphs,
  section,
  subsection,
  verbatim,
} from "./roff.ts";

/** What stands at the head and the foot of every page. */
export interface Edition {
  readonly version: string;
  /** YYYY-MM-DD */
  readonly date: string;
  /** What the program is, in a sentence. */
  readonly summary: string;
}

/** The pages by the names of their files. */
export function manualPages(commands: Commands, edition: Edition): ReadonlyMap<string, string> {
  const pages = Object.entries(commands).map(([name, command]): [string, string] => [
    `${pageOf(name, command)}.1`,
    commandPage(name, command, edition),
  ]);
  return new Map([[`${PROGRAM}.1`, programPage(commands, edition)], ...pages]);
}

function programPage(commands: Commands, edition: Edition): string {
  const rows = (hidden: boolean) =>
    Object.entries(commands)
      .filter(([, command]) => (command.hidden === true) === hidden)
      .map(([name, command]) => [`${bold(pageOf(name, command))}(1)`, sentence(command.summary)] as const);
  return [
    heading(PROGRAM, { name: PROGRAM, ...edition }),
    section("NAME", `${PROGRAM} \\-\n${filled(edition.summary)}\n`),
    section("SYNOPSIS", `${bold(PROGRAM)} ${italic("COMMAND")} [${italic("options")}]\n`),
    section("DESCRIPTION", paragraphs([`${edition.summary}.`, "Each command has a page of its own."])),
    section("COMMANDS", definitions(rows(false))),
    section("PROGRAMS OF THEIR OWN", definitions(rows(true))),
    section("OPTIONS", optionRows(COMMON_OPTIONS, "--")),
    section("EXIT STATUS", definitions(exitRows().map(([code, text]) => [bold(code), text]))),
    section("ENVIRONMENT", definitions(ENVIRONMENT.map(([name, text]) => [bold(name), text]))),
    section("FILES", definitions(FILES.map(([name, text]) => [italic(name), text]))),
  ].join("");
}

function commandPage(name: string, command: Command, edition: Edition): string {
  const { summary, usage, options, actions = {}, examples = [], goFlags, failsWith } = command;
  const page = pageOf(name, command);
  const [synopsis = "", ...texts] = usage.split("\n\n");
  const status =
    failsWith === undefined
      ? `As ${PROGRAM}(1) tells.`
      : `That of what it ran; ${failsWith} for every failure of its own, or as ${PROGRAM}(1) tells where a signal has stopped it.`;
  return [
    heading(page, { name: PROGRAM, ...edition }),
    section("NAME", `${escaped(page)} \\-\n${filled(summary)}\n`),
    section("SYNOPSIS", synopsis.split("\n").map(synopsisLine).join(".br\n")),
    section("DESCRIPTION", paragraphs([sentence(summary), ...texts])),
    section("ACTIONS", definitions(Object.entries(actions).map(actionRow))),
    section("OPTIONS", groups({ ...options, ...COMMON_OPTIONS }, goFlags === true ? "-" : "--")),
    section("EXAMPLES", examples.map(exampleText).join(".PP\n")),
    section("EXIT STATUS", paragraphs([status])),
    section("SEE ALSO", `${bold(PROGRAM)}(1)\n`),
  ].join("");
}

function synopsisLine(line: string): string {
  const [program = "", ...words] = line.split(" ");
  return `${bold(program)} ${escaped(words.join(" "))}\n`;
}

function actionRow([name, { summary }]: [string, Syntax]): readonly [string, string] {
  return [bold(name), sentence(summary)];
}

function exampleText({ does, line }: Example): string {
  return `${filled(does)}:\n${verbatim(line)}`;
}

function groups(options: Options, dash: "-" | "--"): string {
  return groupsOf(options)
    .map(([name, inGroup]) => subsection(name, optionRows(inGroup, dash)))
    .join("");
}

function optionRows(options: Options, dash: "-" | "--"): string {
  return definitions(
    Object.entries(options).map(([name, option]) => [term(name, option, dash), meaning(option)]),
  );
}

function term(name: string, option: OptionSpec, dash: "-" | "--"): string {
  const value = valueName(option);
  const shown = spellingsOf(name, option, dash).map(bold).join(", ");
  return value === undefined ? shown : `${shown} ${italic(value)}`;
}
