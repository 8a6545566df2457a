/** What can be typed, out of the table of commands, as the scripts for shells are made of it. */
import type { Commands } from "../command.ts";
import {
  COMMON_OPTIONS,
  type OptionSpec,
  type Options,
  type Syntax,
  type ValueKind,
} from "../options/option.ts";

/** This program's name, and its prefix in scripts. */
export const PROGRAM = "docker2vm";

/** What a word may be: one of those that are known, several of them with commas between, or of a kind. */
export type Expected =
  | { readonly kind: "words" | "list"; readonly words: readonly string[] }
  | { readonly kind: ValueKind };

/** What may follow where a command and an action of it have been typed, or nothing yet. */
export interface Scope {
  /** Those words. */
  readonly path: readonly string[];
  /** Words that lead on, with what they do. */
  readonly next: Readonly<Record<string, string>>;
  readonly options: Options;
  readonly operands: readonly ValueKind[];
  /** What stands before an option's long name. */
  readonly dash: "-" | "--";
}

export interface Grammar {
  /** Commands that are programs of their own as well. */
  readonly programs: readonly string[];
  readonly scopes: readonly Scope[];
}

export function grammarOf(commands: Commands): Grammar {
  const all = Object.entries(commands);
  const listed = all.filter(([, { hidden }]) => hidden !== true);
  const top = { summary: "", options: {} };
  return {
    programs: all.filter(([, { hidden }]) => hidden === true).map(([name]) => name),
    scopes: [
      scope([], top, Object.fromEntries(listed)),
      ...all.flatMap(([name, { actions = {}, goFlags, ...command }]) => [
        scope([name], command, actions, goFlags === true ? "-" : "--"),
        ...Object.entries(actions).map(([action, syntax]) => scope([name, action], syntax, {})),
      ]),
    ],
  };
}

function scope(
  path: readonly string[],
  { options, operands = [] }: Syntax,
  next: Readonly<Record<string, Syntax>>,
  dash: Scope["dash"] = "--",
): Scope {
  const words = Object.entries(next).map(([name, { summary }]) => [name, summary]);
  return {
    path,
    next: Object.fromEntries(words),
    options: { ...options, ...COMMON_OPTIONS },
    operands,
    dash,
  };
}

/** What an option's value may be; undefined for one without. */
export function expected({ type, values, list, words, takes = "text" }: OptionSpec): Expected | undefined {
  if (type === "boolean") return undefined;
  if (list !== undefined) return { kind: "list", words: list };
  const known = values ?? words;
  return known === undefined ? { kind: takes } : { kind: "words", words: known };
}

/** An option as it is typed, its short name last. */
export function spellings(name: string, { alias }: OptionSpec, dash: Scope["dash"]): readonly string[] {
  return [`${dash}${name}`, ...(alias === undefined ? [] : [`-${alias}`])];
}

/** As one word for a POSIX shell, zsh or, with its own escapes, fish. */
export function quoted(text: string, shell: "sh" | "fish" = "sh"): string {
  return shell === "sh"
    ? `'${text.replaceAll("'", "'\\''")}'`
    : `'${text.replaceAll(/['\\]/g, (character) => `\\${character}`)}'`;
}
