/** Options as they stand in the arguments, where the order across options says something. */
import type { OptionSpec } from "./options/option.ts";

type Options = Readonly<Record<string, OptionSpec>>;

/** An option with its value; empty where it has none. */
export type GivenOption = readonly [name: string, value: string];

/** Every option that takes a value, from the first to the last, as the parser takes them apart. */
export function optionsInOrder(args: readonly string[], options: Options): readonly GivenOption[] {
  const given: GivenOption[] = [];
  let name: string | undefined;
  const end = (value = ""): void => {
    if (name !== undefined) given.push([name, value]);
    name = undefined;
  };
  for (const arg of args) {
    const isOption = arg.startsWith("-");
    end(isOption ? "" : arg);
    if (arg === "--") break;
    const [, named = "", value] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (!Object.hasOwn(options, named) || options[named]?.type !== "string") continue;
    if (value === undefined) name = named;
    else given.push([named, value]);
  }
  end();
  return given;
}

/**
 * The arguments with values that name standard input, "-" alone or before a colon, joined to their options: by itself
 * the parser takes those for words, or for options of one letter.
 */
export function withStandardInput(args: readonly string[], options: Options): readonly string[] {
  const joined: string[] = [];
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  for (const [index, arg] of args.entries()) {
    const before = index < end ? (args[index - 1] ?? "") : "";
    const name = before.startsWith("--") ? before.slice(2) : "";
    const takesIt = Object.hasOwn(options, name) && options[name]?.standardInput === true;
    if (takesIt && /^-(?:$|:)/.test(arg)) joined[joined.length - 1] = `${before}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}
