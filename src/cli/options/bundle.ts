import { CONVERT_OPTIONS, JSON_RESULT } from "./convert.ts";
import { EDIT_OPTIONS } from "./edits.ts";
import type { OptionSpec, Syntax } from "./option.ts";
import { REGISTRY_OPTIONS } from "./registry.ts";

const CONTAINER = "The container (of create):";

/** Of the workload, as `convert` has them with a profile that runs one. */
function inContainer<Name extends string>(
  options: Readonly<Record<Name, OptionSpec>>,
): Readonly<Record<Name, OptionSpec>> {
  const entries = Object.entries<OptionSpec>(options).map(([name, option]) => [
    name,
    { ...option, group: CONTAINER },
  ]);
  return Object.fromEntries(entries);
}

const { entrypoint, cmd, env, workdir, user } = CONVERT_OPTIONS;

export const BUNDLE_CREATE_OPTIONS = {
  image: CONVERT_OPTIONS.image,
  "oci-layout": CONVERT_OPTIONS["oci-layout"],
  "oci-tar": CONVERT_OPTIONS["oci-tar"],
  "docker-archive": CONVERT_OPTIONS["docker-archive"],
  namespace: CONVERT_OPTIONS.namespace,
  platform: CONVERT_OPTIONS.platform,
  "any-platform": CONVERT_OPTIONS["any-platform"],
  ...inContainer({ entrypoint, cmd, env, "env-file": CONVERT_OPTIONS["env-file"], workdir, user }),
  ...EDIT_OPTIONS,
  hostname: { type: "string", group: CONTAINER, describe: "Name of the container's machine" },
  terminal: { type: "boolean", group: CONTAINER, describe: "The process is to have a terminal" },
  "read-only": { type: "boolean", group: CONTAINER, describe: "Its root filesystem cannot be written to" },
  memory: {
    type: "string",
    takes: "size",
    group: CONTAINER,
    describe: "Memory it may have: bytes, or with K, M, G",
  },
  cpus: { type: "string", takes: "number", group: CONTAINER, describe: "Processors it may use, as 1.5" },
  pids: { type: "string", takes: "number", group: CONTAINER, describe: "Processes and threads it may have" },
  config: {
    type: "string",
    takes: "file",
    group: CONTAINER,
    describe: "JSON file that is merged over what would be written (RFC 7386), and wins",
  },
  rootfs: {
    type: "string",
    takes: "folder",
    group: CONTAINER,
    describe: "A root filesystem that is there: a folder that is named, and left as it is",
  },
  rootless: {
    type: "boolean",
    group: CONTAINER,
    describe: "For a user who is not root: root in the container is that user",
  },
  ...REGISTRY_OPTIONS,
  out: {
    type: "string",
    takes: "folder",
    alias: "o",
    group: CONVERT_OPTIONS.out.group,
    describe: "Folder for rootfs/ and config.json (required)",
  },
  force: CONVERT_OPTIONS.force,
  inflate: CONVERT_OPTIONS.inflate,
  workers: CONVERT_OPTIONS.workers,
  "max-bytes": CONVERT_OPTIONS["max-bytes"],
  "max-entries": CONVERT_OPTIONS["max-entries"],
  "max-layers": CONVERT_OPTIONS["max-layers"],
  "max-memory": CONVERT_OPTIONS["max-memory"],
  timeout: CONVERT_OPTIONS.timeout,
  format: CONVERT_OPTIONS.format,
  progress: CONVERT_OPTIONS.progress,
  quiet: CONVERT_OPTIONS.quiet,
  verbose: CONVERT_OPTIONS.verbose,
} as const satisfies Record<string, OptionSpec>;

export const BUNDLE_VALIDATE_OPTIONS = {
  json: { ...JSON_RESULT, describe: "The result of validate as JSON" },
  verbose: CONVERT_OPTIONS.verbose,
} as const satisfies Record<string, OptionSpec>;

export const BUNDLE_OPTIONS = { ...BUNDLE_CREATE_OPTIONS, ...BUNDLE_VALIDATE_OPTIONS };

export const BUNDLE_ACTIONS = {
  create: { summary: "Make a bundle of an image", options: BUNDLE_CREATE_OPTIONS, operands: ["source"] },
  validate: { summary: "Check a bundle", options: BUNDLE_VALIDATE_OPTIONS, operands: ["folder"] },
} as const satisfies Record<string, Syntax>;
