/** Of the commands that make nothing: looking at a container image, and after the cache. */
import { FILE_FIELDS } from "../../tree/file-fields.ts";
import { CONVERT_OPTIONS, JSON_RESULT } from "./convert.ts";
import type { OptionSpec, Syntax } from "./option.ts";
import { REGISTRY_OPTIONS } from "./registry.ts";

export const INSPECT_IMAGE_OPTIONS = {
  namespace: { ...CONVERT_OPTIONS.namespace, group: CONVERT_OPTIONS.platform.group },
  platform: CONVERT_OPTIONS.platform,
  "any-platform": CONVERT_OPTIONS["any-platform"],
  "max-bytes": CONVERT_OPTIONS["max-bytes"],
  "max-entries": CONVERT_OPTIONS["max-entries"],
  "max-layers": CONVERT_OPTIONS["max-layers"],
  "max-memory": CONVERT_OPTIONS["max-memory"],
  ...REGISTRY_OPTIONS,
  json: JSON_RESULT,
  verbose: CONVERT_OPTIONS.verbose,
} as const satisfies Record<string, OptionSpec>;

export const DIFF_OPTIONS = {
  stat: { type: "boolean", group: "Comparing:", describe: "Numbers and bytes by folder instead of paths" },
  ignore: {
    type: "string",
    group: "Comparing:",
    describe: "What may differ",
    list: FILE_FIELDS,
    repeats: true,
  },
  ...INSPECT_IMAGE_OPTIONS,
} as const satisfies Record<string, OptionSpec>;

const CACHE_COMMON = {
  "cache-dir": REGISTRY_OPTIONS["cache-dir"],
  json: JSON_RESULT,
  verbose: CONVERT_OPTIONS.verbose,
} as const;

const PRUNE_OPTIONS = {
  "keep-bytes": {
    type: "string",
    takes: "size",
    group: "Pruning:",
    describe: "Bytes that may stay (K, M, G, T); the least recently used go first",
  },
  "older-than": {
    type: "string",
    takes: "duration",
    group: "Pruning:",
    describe: "Remove what was last used before: 12h, 30d, 2w",
  },
} as const;

export const CACHE_OPTIONS = { ...PRUNE_OPTIONS, ...CACHE_COMMON } as const satisfies Record<
  string,
  OptionSpec
>;

export const CACHE_ACTIONS = {
  ls: { summary: "List what was pulled", options: CACHE_COMMON },
  prune: { summary: "Remove what was pulled", options: CACHE_OPTIONS },
  verify: { summary: "Read all of it, and remove what is damaged", options: CACHE_COMMON },
} as const satisfies Record<string, Syntax>;
