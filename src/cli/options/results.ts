import type { OptionSpec } from "./option.ts";

export const RESULTS = "Earlier results:";

/** What of earlier conversions is used again, and what is kept for later ones. */
export const RESULT_OPTIONS = {
  "result-cache": {
    type: "boolean",
    group: RESULTS,
    describe: "Keep the result in the cache also where that takes a copy of it",
    defaultDescription: "kept where the filesystem clones files",
  },
  "no-result-cache": { type: "boolean", group: RESULTS, describe: "Convert anew, and keep no result" },
  "layer-store": {
    type: "string",
    takes: "size",
    group: RESULTS,
    describe: "Most that layers may take in the cache as they are unpacked, or off",
    words: ["off"],
    defaultDescription: "10G, of layers of 8M or more",
  },
  "from-cache": {
    type: "string",
    takes: "image",
    group: RESULTS,
    describe: "Repository in a registry where the result may be, by the image and the options",
  },
  "push-cache": {
    type: "string",
    takes: "image",
    group: RESULTS,
    describe: "Repository that the result is put into",
  },
} as const satisfies Record<string, OptionSpec>;
