/** What manual pages and the reference have in common: how an option and a command are told of. */
import type { Command } from "../command.ts";
import { description, type OptionSpec, type Options, VALUE_NAMES } from "../options/option.ts";

export const PROGRAM = "docker2vm";

/** What a command is called where its manual stands: some have a program of their own. */
export function pageOf(name: string, { hidden }: Command): string {
  return hidden === true ? name : `${PROGRAM}-${name}`;
}

export function sentence(text: string): string {
  return `${text}.`;
}

/** All ways to write it, the short one first. */
export function spellingsOf(name: string, { alias }: OptionSpec, dash: "-" | "--"): readonly string[] {
  return [...(alias === undefined ? [] : [`-${alias}`]), `${dash}${name}`];
}

/** What its value is called; undefined where it takes none. */
export function valueName({ type, values, list, takes = "text" }: OptionSpec): string | undefined {
  if (type === "boolean") return undefined;
  if (values !== undefined) return values.join("|");
  return list === undefined ? VALUE_NAMES[takes] : "LIST";
}

/** What it does, in sentences. */
export function meaning(option: OptionSpec): string {
  const { defaultDescription, values, ...rest } = option;
  const text = sentence(description(rest));
  return defaultDescription === undefined ? text : `${text} Default: ${sentence(defaultDescription)}`;
}

/** Options by their groups, in the order in which the groups come up. */
export function groupsOf(options: Options): readonly (readonly [group: string, options: Options])[] {
  const names = [...new Set(Object.values(options).map(({ group }) => group))];
  return names.map((name) => [
    name.replace(/:$/, ""),
    Object.fromEntries(Object.entries(options).filter(([, { group }]) => group === name)),
  ]);
}
