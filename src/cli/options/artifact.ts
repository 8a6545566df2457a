/** Of the commands that move what was converted to a registry and back. */
import { CONVERT_OPTIONS, JSON_RESULT } from "./convert.ts";
import type { OptionSpec } from "./option.ts";
import { REGISTRY, REGISTRY_OPTIONS } from "./registry.ts";

const ACCESS = {
  username: REGISTRY_OPTIONS.username,
  "password-stdin": REGISTRY_OPTIONS["password-stdin"],
  "insecure-registry": REGISTRY_OPTIONS["insecure-registry"],
  ca: REGISTRY_OPTIONS.ca,
  "trust-auth-realm": REGISTRY_OPTIONS["trust-auth-realm"],
} as const;

export const PUSH_OPTIONS = {
  ...ACCESS,
  "mount-from": {
    type: "string",
    group: REGISTRY,
    describe: "REPOSITORY of the same registry that may have the pieces already; may be repeated",
  },
  concurrency: {
    type: "string",
    group: REGISTRY,
    describe: "Pieces compressed and sent at once, at most",
    defaultDescription: "2",
  },
  json: JSON_RESULT,
  verbose: CONVERT_OPTIONS.verbose,
} as const satisfies Record<string, OptionSpec>;

export const PULL_OPTIONS = {
  out: { ...CONVERT_OPTIONS.out, describe: "Folder for the files" },
  force: CONVERT_OPTIONS.force,
  ...ACCESS,
  mirror: REGISTRY_OPTIONS.mirror,
  concurrency: { ...REGISTRY_OPTIONS.concurrency, describe: "Pieces fetched at once, at most" },
  "verify-key": {
    ...REGISTRY_OPTIONS["verify-key"],
    describe: "PEM file: demand a cosign signature by this key",
  },
  json: JSON_RESULT,
  verbose: CONVERT_OPTIONS.verbose,
} as const satisfies Record<string, OptionSpec>;
