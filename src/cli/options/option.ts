/** What a value is: manual pages name it so, and shells complete what they can. */
export const VALUE_NAMES = {
  file: "FILE",
  folder: "DIR",
  /** A file or a folder. */
  path: "PATH",
  /** As `convert` takes its source. */
  source: "SOURCE",
  /** An image's name in a registry. */
  image: "NAME",
  host: "HOST[:PORT]",
  size: "SIZE",
  number: "N",
  duration: "DURATION",
  text: "TEXT",
} as const;

/** What a value is. */
export type ValueKind = keyof typeof VALUE_NAMES;

/** One option of a command, as the parser takes it, and as help, manual pages and completion show it. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly group: string;
  readonly describe: string;
  readonly alias?: string;
  /** Shown as the default; the value itself is the library's business. */
  readonly defaultDescription?: string;
  readonly values?: readonly string[];
  /** Whether "-" for standard input, or output, is a value, alone or before a colon; absent: it is a word of its own. */
  readonly standardInput?: true;
  /** Words of which several may be given, with commas between. */
  readonly list?: readonly string[];
  /** Words that stand for something, or that are often wanted, among all else that it takes. */
  readonly words?: readonly string[];
  /** Absent: anything, unless `values` or `list` says what. */
  readonly takes?: ValueKind;
  /** May be given several times. */
  readonly repeats?: boolean;
}

/** Options by their names. */
export type Options = Readonly<Record<string, OptionSpec>>;

/** What may stand behind a command or an action of one: shells complete it. */
export interface Syntax {
  readonly summary: string;
  readonly options: Options;
  /** What its words are, in order; absent: it takes none. */
  readonly operands?: readonly ValueKind[];
}

/** Options every command takes. */
export const COMMON_OPTIONS = {
  help: { type: "boolean", alias: "h", group: "Other:", describe: "Show this help" },
  version: { type: "boolean", group: "Other:", describe: "Show the version" },
} as const satisfies Record<string, OptionSpec>;

/** What the option does, with the values that it takes and whether it can be repeated. */
export function description({ describe, values = [], list, repeats }: OptionSpec): string {
  const several = list === undefined ? "" : `, with commas between: ${list.join(",")}`;
  const choice = values.length < 2 ? several : `: ${values.join(", ")}`;
  return `${describe}${choice}${repeats ? "; may be repeated" : ""}`;
}
