import { Parser } from "yargs/helpers";
import { Docker2vmError } from "../errors.ts";
import { ALL_OPTIONS, COMMANDS } from "./options.ts";
import { nearest } from "./suggest.ts";

/** A command line, split into its words; whether they make sense together is decided later. */
export interface CommandLine {
  /** Everything that is no option: the command and what follows it. */
  readonly words: readonly string[];
  /** By option name. A string option given twice is a list. */
  readonly values: ReadonlyMap<string, unknown>;
}

/**
 * Splits the arguments as yargs does: `--name value`, `--name=value`, `-qv`, `--` before words that begin with a dash.
 * Only yargs' parser, not its checks: those know neither this program's errors nor its exit codes, crash on an option
 * called `--toString`, and read the word "-" as "".
 */
export function splitCommandLine(args: readonly string[]): CommandLine {
  const named = Object.entries(ALL_OPTIONS);
  const { _: words, ...values } = Parser([...args], {
    string: named.filter(([, option]) => option.type === "string").map(([name]) => name),
    boolean: named.filter(([, option]) => option.type === "boolean").map(([name]) => name),
    alias: Object.fromEntries(named.map(([name, { alias }]) => [name, alias === undefined ? [] : [alias]])),
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

/** Throws E_USAGE for options nobody knows, a value where none belongs, and a first word that is no command. */
export function checkCommandLine({ words, values }: CommandLine, args: readonly string[]): void {
  for (const name of values.keys()) checkOption(name);
  const optionArgs = args.slice(0, args.includes("--") ? args.indexOf("--") : undefined);
  for (const arg of optionArgs) {
    const name = /^--([^=]+)=/.exec(arg)?.[1];
    if (name !== undefined && ALL_OPTIONS[name]?.type === "boolean") {
      throw new Docker2vmError("E_USAGE", `--${name} takes no value`, { hint: `write --${name} alone` });
    }
  }
  const [command] = words;
  if (command === undefined) {
    throw new Docker2vmError("E_USAGE", "no command given", {
      hint: "docker2vm convert SOURCE --out DIR makes a root filesystem; docker2vm --help tells more",
    });
  }
  if (COMMANDS.some((known) => known === command)) return;
  const near = nearest(command, COMMANDS);
  throw new Docker2vmError("E_USAGE", `unknown command ${JSON.stringify(command)}`, {
    hint: near === undefined ? "docker2vm --help lists the commands" : `did you mean ${near}?`,
  });
}

function checkOption(name: string): void {
  if (Object.hasOwn(ALL_OPTIONS, name)) return;
  const shown = name.length === 1 ? `-${name}` : `--${name}`;
  const near = nearest(name, Object.keys(ALL_OPTIONS));
  throw new Docker2vmError("E_USAGE", `unknown option ${shown}`, {
    hint: near === undefined ? "docker2vm convert --help lists the options" : `did you mean --${near}?`,
  });
}
