import { CONVERT_OPTIONS, JSON_RESULT } from "./convert.ts";
import type { OptionSpec } from "./option.ts";

const RESIZE = "Resizing:";

export const RESIZE_OPTIONS = {
  size: {
    type: "string",
    takes: "size",
    group: RESIZE,
    describe: "What the filesystem is to have: bytes, or with K, M, G, T (powers of 1024)",
  },
  "dry-run": { type: "boolean", group: RESIZE, describe: "Tell what would be; change nothing" },
  json: JSON_RESULT,
  verbose: CONVERT_OPTIONS.verbose,
} as const satisfies Record<string, OptionSpec>;
