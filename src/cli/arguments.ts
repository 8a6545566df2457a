/** A command line's words and values, and what they say where they make sense alone. */
import { Docker2vmError } from "../errors.ts";
import { parseSize } from "./bytes.ts";
import type { GivenOption } from "./in-order.ts";
import type { OptionName } from "./options/names.ts";

/** A command line, split into its words; whether they make sense together is decided later. */
export interface CommandLine {
  /** Everything that is no option: the command and what follows it. */
  readonly words: readonly string[];
  /** By option name. A string option given twice is a list. */
  readonly values: ReadonlyMap<string, unknown>;
  /** The options that take a value, in the order of the line. */
  readonly given: readonly GivenOption[];
}

/** Whether a boolean option is set. */
export function flag(line: CommandLine, name: string): boolean {
  return line.values.get(name) === true;
}

export function stringOption(line: CommandLine, name: OptionName): string | undefined {
  const value = line.values.get(name);
  if (value === undefined) return undefined;
  if (Array.isArray(value)) {
    throw new Docker2vmError("E_USAGE", `--${name} is given ${value.length} times`, { hint: "give it once" });
  }
  return typeof value === "string" && value !== "" ? value : refuseEmpty(name);
}

/** A size in bytes, or one of the words that may stand for one. */
export function sizeOption<Word extends string>(
  line: CommandLine,
  name: OptionName,
  words: readonly Word[],
): number | Word | undefined {
  const text = stringOption(line, name);
  if (text === undefined) return undefined;
  return words.find((word) => word === text) ?? parseSize(text, `--${name}`);
}

/** Every value that was given, in order. */
export function listOption(line: CommandLine, name: OptionName): readonly string[] {
  const value = line.values.get(name);
  const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.map((item) => (typeof item === "string" && item !== "" ? item : refuseEmpty(name)));
}

export function refuseEmpty(name: string): never {
  throw new Docker2vmError("E_USAGE", `--${name} needs a value`, {
    hint: `write --${name} VALUE, or --${name}=VALUE where the value begins with a dash`,
  });
}

export function numberOption(line: CommandLine, name: OptionName): number | undefined {
  const text = stringOption(line, name);
  if (text === undefined || /^\d{1,15}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new Docker2vmError("E_USAGE", `--${name} ${JSON.stringify(text)} is not a whole number`, {
    hint: "give it in digits alone, without a sign, a fraction or a unit",
  });
}

export function choice<Value extends string>(
  line: CommandLine,
  name: OptionName,
  values: readonly Value[],
): Value | undefined {
  const text = stringOption(line, name);
  if (text === undefined) return undefined;
  const known = values.find((value) => value === text);
  if (known !== undefined) return known;
  throw new Docker2vmError("E_USAGE", `--${name} does not take ${JSON.stringify(text)}`, {
    hint: `--${name} takes ${values.join(", ")}`,
  });
}
