import { CONVERT_OPTIONS } from "./convert.ts";
import type { OptionSpec } from "./option.ts";
import { REGISTRY_OPTIONS } from "./registry.ts";

const { platform, output, meta, fs, progress, quiet, verbose, format } = CONVERT_OPTIONS;

/** By the names that ec1's command has them; what it has not is as `convert` has it. */
export const VIRTIO_OPTIONS = {
  image: {
    ...CONVERT_OPTIONS.image,
    group: platform.group,
    describe: "Name of an image in a registry, or oci:PATH and its like, as convert takes them (required)",
  },
  platform,
  ...REGISTRY_OPTIONS,
  output: { ...output, describe: "The file for the image; one that is there is replaced (required)" },
  meta: { ...meta, describe: "Write FILE.meta.json as well" },
  "dry-run": CONVERT_OPTIONS["dry-run"],
  fs: { ...fs, defaultDescription: "ext4; with readonly and without a size erofs" },
  size: {
    ...CONVERT_OPTIONS.size,
    describe: "Its size in MiB; not of erofs",
    defaultDescription: "1024",
  },
  readonly: { ...CONVERT_OPTIONS["read-only"], describe: "For mounting read-only alone" },
  progress,
  format,
  quiet,
  verbose,
} as const satisfies Record<string, OptionSpec>;

/** What later versions of it had, and what serves here. */
export const VIRTIO_ELSEWHERE: Readonly<Record<string, string>> = {
  mount: "no folder is shared with a machine here: leave it out, and give the file's name with -output",
  "list-cache": "docker2vm cache ls lists what was pulled",
  "clear-cache": "docker2vm cache prune removes what was pulled",
};
