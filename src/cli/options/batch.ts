import { CONVERT_OPTIONS, JSON_RESULT, OUTPUT } from "./convert.ts";
import type { OptionSpec } from "./option.ts";
import { REGISTRY } from "./registry.ts";
import { RESULTS } from "./results.ts";
import { SOURCE } from "./source.ts";

const BATCH = "Batch:";
/** What is settled for each item by the list, or for all together in another way. */
const NOT_OF_A_BATCH = ["output", "meta", "dry-run", "format"];
/** What an item has no say in. */
const OF_THE_WHOLE = ["out", "force", "timeout", "progress", "quiet", "verbose"];

/** What one item may be asked for beside the others. */
export const ITEM_OPTIONS: Readonly<Record<string, OptionSpec>> = convertOptions(
  (name, { group }) => ![SOURCE, REGISTRY, RESULTS].includes(group) && !OF_THE_WHOLE.includes(name),
);

const OWN_OPTIONS = {
  jobs: {
    type: "string",
    takes: "number",
    group: BATCH,
    describe: "Conversions at once",
    defaultDescription: "2",
  },
  out: {
    type: "string",
    alias: "o",
    takes: "folder",
    group: OUTPUT,
    describe: "Folder for the items' folders, and for batch.json",
  },
  json: JSON_RESULT,
} as const satisfies Record<string, OptionSpec>;

export type BatchOptionName = keyof typeof OWN_OPTIONS;

export const BATCH_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...convertOptions((_, { group }) => group !== SOURCE),
  ...OWN_OPTIONS,
};

function convertOptions(takes: (name: string, option: OptionSpec) => boolean) {
  const entries = Object.entries<OptionSpec>(CONVERT_OPTIONS);
  return Object.fromEntries(
    entries.filter(([name, option]) => !NOT_OF_A_BATCH.includes(name) && takes(name, option)),
  );
}
