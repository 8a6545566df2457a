import type { OptionSpec } from "./options/option.ts";

/** A line taken apart. */
export interface SplitLine {
  readonly words: readonly string[];
  /** By option name. */
  readonly values: ReadonlyMap<string, unknown>;
}

/** But a value in quotes, which the parser takes off. */
const LONG_OPTION = /^--([a-z][a-z\d-]*)(?:=((?!['"]).*))?$/s;
/** What the parser takes for the value of an option that has none. */
const TRUTHS = ["true", "false"];

/**
 * Takes a line apart as yargs' parser does, if there is nothing in it but words and known options with their long names,
 * each once. Undefined for any other line, and for one that makes no sense: the parser knows what those are. Loading
 * that and having it parse takes longer than all else before a command begins but loading the command.
 */
export function splitPlainLine(
  args: readonly string[],
  options: Readonly<Record<string, OptionSpec>>,
): SplitLine | undefined {
  const words: string[] = [];
  const values = new Map<string, unknown>();
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (!arg.startsWith("-")) {
      words.push(arg);
      continue;
    }
    const [, name = "", joined] = LONG_OPTION.exec(arg) ?? [];
    if (!Object.hasOwn(options, name) || values.has(name)) return undefined;
    const isFlag = options[name]?.type === "boolean";
    const value = isFlag ? flagValue(joined, args[at + 1]) : (joined ?? wordOf(args[++at]));
    if (value === undefined) return undefined;
    values.set(name, value);
  }
  return { words, values };
}

function flagValue(joined: string | undefined, next = ""): true | undefined {
  return joined === undefined && !TRUTHS.includes(next) ? true : undefined;
}

function wordOf(arg: string | undefined): string | undefined {
  return arg?.startsWith("-") ? undefined : arg;
}
