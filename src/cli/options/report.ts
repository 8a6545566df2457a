/** Of the report on where the bytes of an image are. */
import { OUTPUT } from "./convert.ts";
import type { OptionSpec } from "./option.ts";
import { INSPECT_IMAGE_OPTIONS } from "./upkeep.ts";

const { json: _, ...IMAGE_OPTIONS } = INSPECT_IMAGE_OPTIONS;

export const REPORT_OPTIONS = {
  format: {
    type: "string",
    group: OUTPUT,
    describe: "Form of the report",
    values: ["html", "svg", "json", "text"],
    defaultDescription: "html",
  },
  out: {
    type: "string",
    takes: "file",
    group: OUTPUT,
    alias: "o",
    standardInput: true,
    describe: "File for the report, - for standard output; a page needs one or the other",
    defaultDescription: "standard output",
  },
  force: { type: "boolean", group: OUTPUT, describe: "Replace an existing file" },
  ...IMAGE_OPTIONS,
} as const satisfies Record<string, OptionSpec>;
