/** Of the commands that make nothing: looking at a container image, and after the cache. */
import { CONVERT_OPTIONS, JSON_RESULT } from "./convert.ts";
import type { OptionSpec } from "./option.ts";
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
    describe: "What may differ, as mtime,uid,gid; may be repeated",
  },
  ...INSPECT_IMAGE_OPTIONS,
} as const satisfies Record<string, OptionSpec>;

export const CACHE_OPTIONS = {
  "cache-dir": REGISTRY_OPTIONS["cache-dir"],
  "keep-bytes": {
    type: "string",
    group: "Pruning:",
    describe: "Bytes that may stay (K, M, G, T); the least recently used go first",
  },
  "older-than": {
    type: "string",
    group: "Pruning:",
    describe: "Remove what was last used before: 12h, 30d, 2w",
  },
  json: JSON_RESULT,
  verbose: CONVERT_OPTIONS.verbose,
} as const satisfies Record<string, OptionSpec>;
