import type { OptionSpec } from "./options/option.ts";

/** As strconv.ParseBool has them. */
const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];
const FLAG = /^--?(?<name>[^-=][^=]*)(?:=(?<value>.*))?$/s;

/**
 * Arguments as Go's package flag reads them, in this program's form: one dash or two; `-name=value`, `-name value`; what
 * is true or false alone or with `=`, the last counts; up to `--` or the first word that is no flag. What makes no sense
 * is passed on, for others to refuse.
 */
export function goArguments(
  args: readonly string[],
  options: Readonly<Record<string, OptionSpec>>,
): readonly string[] {
  const named: string[] = [];
  const switches = new Map<string, readonly string[]>();
  let at = 0;
  for (; at < args.length; at++) {
    const { name, value } = FLAG.exec(args[at] ?? "")?.groups ?? {};
    if (name === undefined) break;
    const type = options[name]?.type;
    if (type === "boolean") switches.set(name, switchArguments(name, value));
    else if (value !== undefined) named.push(`--${name}=${value}`);
    else if (type === "string" && at + 1 < args.length) named.push(`--${name}=${args[++at]}`);
    else named.push(`--${name}`);
  }
  const words = args.slice(args[at] === "--" ? at + 1 : at);
  return [...named, ...[...switches.values()].flat(), ...(words.length === 0 ? [] : ["--", ...words])];
}

function switchArguments(name: string, value: string | undefined): readonly string[] {
  if (value === undefined || TRUE.includes(value)) return [`--${name}`];
  return FALSE.includes(value) ? [] : [`--${name}=${value}`];
}
