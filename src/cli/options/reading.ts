import { CONVERT_OPTIONS, JSON_RESULT } from "./convert.ts";
import type { OptionSpec } from "./option.ts";

const IGNORE_JOURNAL = {
  type: "boolean",
  group: "Reading:",
  describe: "Read what is in place, without the changes that wait in the journal",
} as const;
const VERBOSE = CONVERT_OPTIONS.verbose;

/** Of the commands that look into a filesystem image. */
export const READ_OPTIONS = {
  "ignore-journal": IGNORE_JOURNAL,
  json: JSON_RESULT,
  verbose: VERBOSE,
} as const satisfies Record<string, OptionSpec>;

export const LS_OPTIONS = {
  recursive: {
    type: "boolean",
    alias: "R",
    group: "Reading:",
    describe: "Also what is in the folders below",
  },
  ...READ_OPTIONS,
} as const satisfies Record<string, OptionSpec>;

export const CAT_OPTIONS = {
  "ignore-journal": IGNORE_JOURNAL,
  verbose: VERBOSE,
} as const satisfies Record<string, OptionSpec>;

export const VERIFY_OPTIONS = {
  json: JSON_RESULT,
  verbose: VERBOSE,
} as const satisfies Record<string, OptionSpec>;
