import { Docker2vmError } from "../errors.ts";
import { type CommandLine, refuseEmpty } from "./arguments.ts";
import type { Command } from "./command.ts";
import { ALL_OPTIONS, COMMANDS, commandNamed } from "./commands.ts";
import { goArguments } from "./go-flags.ts";
import { optionsInOrder, withStandardInput } from "./in-order.ts";
import { COMMON_OPTIONS, type Options } from "./options/option.ts";
import { type SplitLine, splitPlainLine } from "./plain-line.ts";
import { nearest } from "./suggest.ts";

/** The arguments in this program's own form, where the command that they name has another. */
export function argumentsOf(args: readonly string[]): readonly string[] {
  const [name = "", ...others] = args;
  const command = commandNamed(name);
  if (command?.goFlags !== true) return withStandardInput(args, command?.options ?? ALL_OPTIONS);
  return [name, ...goArguments(others, { ...command.options, ...COMMON_OPTIONS })];
}

/** Splits the arguments as yargs does: `--name value`, `--name=value`, `-qv`, `--` before words that begin with a dash. */
export async function splitCommandLine(args: readonly string[]): Promise<CommandLine> {
  const split = splitPlainLine(args, ALL_OPTIONS) ?? (await parsed(args));
  return { ...split, given: optionsInOrder(args, ALL_OPTIONS) };
}

/**
 * Only yargs' parser, without what yargs loads for its help (and by its entry that needs nothing of Node, which was a
 * fourth of what a command took to begin), and without its checks: those know neither this program's
 * errors nor its exit codes, crash on an option called `--toString`, and read the word "-" as "".
 */
export async function parsed(args: readonly string[]): Promise<SplitLine> {
  const { default: parse } = await import("yargs-parser/browser");
  const named = Object.entries(ALL_OPTIONS);
  const { _: words, ...values } = parse([...args], {
    string: named.filter(([, option]) => option.type === "string").map(([name]) => name),
    boolean: named.filter(([, option]) => option.type === "boolean").map(([name]) => name),
    // The parser goes through these again and again: an empty list for each of the others took it longer than all else.
    alias: Object.fromEntries(
      named.flatMap(([name, { alias }]) => (alias === undefined ? [] : [[name, [alias]]])),
    ),
    configuration: {
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "strip-aliased": true,
    },
  });
  return { words: words.map(String), values: new Map(Object.entries(values)) };
}

/**
 * The command that the line names. Throws E_USAGE for a first word that is no command, for options the command does not
 * have, and for a value where none belongs.
 */
export function checkCommandLine(
  { words, values }: Pick<CommandLine, "words" | "values">,
  args: readonly string[],
): Command {
  const command = commandNamed(words[0]);
  const options: Options = command === undefined ? ALL_OPTIONS : { ...command.options, ...COMMON_OPTIONS };
  const optionArgs = args.slice(0, args.includes("--") ? args.indexOf("--") : undefined);
  for (const arg of optionArgs) refuseOneDash(arg, options);
  for (const name of values.keys()) checkOption(name, options, command === undefined ? undefined : words[0]);
  for (const [index, arg] of optionArgs.entries()) {
    refuseDash(arg, optionArgs[index + 1], options);
    const [, name, value] = /^--([^=]+)=(.*)$/s.exec(arg) ?? [];
    if (name === undefined || options[name]?.type !== "boolean") continue;
    const what = command?.goFlags === true ? `does not take ${JSON.stringify(value)}` : "takes no value";
    throw new Docker2vmError("E_USAGE", `--${name} ${what}`, {
      hint: `write --${name} alone, or leave it out`,
    });
  }
  return command ?? refuseCommand(words[0]);
}

/** Which the parser takes for so many short options. */
function refuseOneDash(arg: string, options: Options): void {
  const [, name = ""] = /^-([a-z][a-z-]+)(?:=.*)?$/s.exec(arg) ?? [];
  if (!Object.hasOwn(options, name)) return;
  throw new Docker2vmError("E_USAGE", `unknown option -${name}`, { hint: `did you mean --${name}?` });
}

/** Behind an option the parser takes "-" for a word, such as a second source. */
function refuseDash(arg: string, next: string | undefined, options: Options): void {
  if (next !== "-" || options[arg.slice(2)]?.type !== "string") return;
  refuseEmpty(arg.slice(2));
}

const CONVERT_HINT =
  "docker2vm convert SOURCE --out DIR makes a root filesystem; docker2vm --help lists the commands";

function refuseCommand(word: string | undefined): never {
  if (word === undefined) {
    throw new Docker2vmError("E_USAGE", "no command given", {
      hint: CONVERT_HINT,
    });
  }
  throw new Docker2vmError("E_USAGE", `unknown command ${JSON.stringify(word)}`, { hint: commandHint(word) });
}

/** What other programs call what a command here does. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  build: "docker2vm dockerfile --out DIR builds an image and converts it",
  check: "docker2vm verify IMAGE checks a filesystem",
  cp: "docker2vm extract IMAGE PATH DEST copies files out of a filesystem",
  create: CONVERT_HINT,
  fsck: "docker2vm verify IMAGE checks a filesystem",
  help: "docker2vm --help lists the commands, docker2vm COMMAND --help the options of one",
  images: "docker2vm cache ls lists what was pulled",
  info: "docker2vm inspect-image SOURCE looks at an image, docker2vm inspect IMAGE at a filesystem",
  run: "docker2vm boot DIR --kernel PATH boots what docker2vm convert --out DIR has made",
  version: "docker2vm --version shows the version",
};

function commandHint(word: string): string {
  const other = new Map(Object.entries(ELSEWHERE)).get(word);
  if (other !== undefined) return other;
  // No command has one of these in its name.
  if (/[./:@]/.test(word)) return `to convert it: docker2vm convert ${word} --out DIR`;
  const near = nearest(word, Object.keys(COMMANDS));
  return near === undefined ? CONVERT_HINT : `did you mean ${near}?`;
}

function checkOption(name: string, options: Options, command: string | undefined): void {
  if (Object.hasOwn(options, name)) return;
  const shown = name.length === 1 ? `-${name}` : `--${name}`;
  const near = likely(name, Object.keys(options));
  const similar =
    near.length === 0 ? helpHint(command) : `did you mean ${near.map((other) => `--${other}`).join(" or ")}?`;
  throw new Docker2vmError("E_USAGE", `unknown option ${shown}`, {
    hint:
      new Map(Object.entries(commandNamed(command)?.elsewhere ?? {})).get(name) ??
      jsonHint(name, options) ??
      similar,
  });
}

/** What prints one thing has --json, what can print it in several ways --format. */
function jsonHint(name: string, { json, format }: Options): string | undefined {
  if (name === "json" && format?.values?.includes("json")) return "write --format json";
  return name === "format" && json !== undefined ? "write --json" : undefined;
}

/** A single letter is a habit from another program: its option has another name here, which may begin with it. */
function likely(name: string, options: readonly string[]): readonly string[] {
  if (name.length === 1) return options.filter((option) => option.startsWith(name));
  const near = nearest(name, options);
  return near === undefined ? [] : [near];
}

function helpHint(command: string | undefined): string {
  if (command === undefined) return CONVERT_HINT;
  const program = commandNamed(command)?.hidden ? command : `docker2vm ${command}`;
  return `${program} --help lists the options`;
}
