import { BUILD_OPTIONS } from "./build.ts";
import { CONVERT_OPTIONS } from "./convert.ts";
import type { OptionSpec } from "./option.ts";

const { platform, mode, progress, quiet, verbose } = CONVERT_OPTIONS;

const COMMON = {
  platform,
  "any-platform": CONVERT_OPTIONS["any-platform"],
  mode: { ...mode, describe: "The root filesystem alone, or all assets of a guest" },
  "guest-assets": CONVERT_OPTIONS["guest-assets"],
  out: { ...CONVERT_OPTIONS.out, describe: "Folder for the outputs (required)" },
  "dry-run": CONVERT_OPTIONS["dry-run"],
  "max-bytes": CONVERT_OPTIONS["max-bytes"],
  "max-entries": CONVERT_OPTIONS["max-entries"],
  "max-layers": CONVERT_OPTIONS["max-layers"],
  "max-memory": CONVERT_OPTIONS["max-memory"],
  timeout: CONVERT_OPTIONS.timeout,
  progress,
  quiet,
  verbose,
} as const satisfies Record<string, OptionSpec>;

export const OCI2GONDOLIN_OPTIONS = {
  image: CONVERT_OPTIONS.image,
  "oci-layout": CONVERT_OPTIONS["oci-layout"],
  "oci-tar": CONVERT_OPTIONS["oci-tar"],
  ...COMMON,
} as const satisfies Record<string, OptionSpec>;

export const DOCKERFILE2GONDOLIN_OPTIONS = {
  ...BUILD_OPTIONS,
  file: {
    type: "string",
    takes: "file",
    group: BUILD_OPTIONS.file.group,
    describe: "The Dockerfile (required)",
  },
  context: {
    type: "string",
    takes: "folder",
    group: BUILD_OPTIONS.context.group,
    describe: "Folder that COPY and ADD take from (required)",
  },
  ...COMMON,
} as const satisfies Record<string, OptionSpec>;
