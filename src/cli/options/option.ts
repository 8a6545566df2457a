/** One option of a command, as the help shows it and the parser takes it. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly group: string;
  readonly describe: string;
  readonly alias?: string;
  /** Shown as the default; the value itself is the library's business. */
  readonly defaultDescription?: string;
  readonly values?: readonly string[];
  /** Whether "-" for standard input is a value, alone or before a colon; absent: it is a word of its own. */
  readonly standardInput?: true;
}

/** Options every command takes. */
export const COMMON_OPTIONS = {
  help: { type: "boolean", alias: "h", group: "Other:", describe: "Show this help" },
  version: { type: "boolean", group: "Other:", describe: "Show the version" },
} as const satisfies Record<string, OptionSpec>;
