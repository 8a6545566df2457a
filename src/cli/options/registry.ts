import type { OptionSpec } from "./option.ts";

export const REGISTRY = "Registry:";

/** How images are pulled by name. */
export const REGISTRY_OPTIONS = {
  username: { type: "string", group: REGISTRY, describe: "User name, with --password-stdin" },
  "password-stdin": { type: "boolean", group: REGISTRY, describe: "Read the password from standard input" },
  "insecure-registry": {
    type: "string",
    takes: "host",
    group: REGISTRY,
    describe: "HOST[:PORT] to be spoken to over plain http",
    repeats: true,
  },
  ca: {
    type: "string",
    takes: "file",
    group: REGISTRY,
    describe: "PEM file of certificates to trust as well",
  },
  mirror: {
    type: "string",
    takes: "host",
    group: REGISTRY,
    describe: "HOST[:PORT] to be asked first",
    repeats: true,
  },
  "trust-auth-realm": {
    type: "string",
    takes: "host",
    group: REGISTRY,
    describe: "HOST in a private network that a registry elsewhere may lead to",
    repeats: true,
  },
  concurrency: {
    type: "string",
    takes: "number",
    group: REGISTRY,
    describe: "Layers fetched at once, at most",
    defaultDescription: "4",
  },
  "cache-dir": {
    type: "string",
    takes: "folder",
    group: REGISTRY,
    describe: "Folder of the cache",
    defaultDescription: "$XDG_CACHE_HOME/docker2vm",
  },
  "no-cache": { type: "boolean", group: REGISTRY, describe: "Keep nothing, and use nothing that was kept" },
  offline: { type: "boolean", group: REGISTRY, describe: "Ask no server: everything from the cache" },
  "verify-key": {
    type: "string",
    takes: "file",
    group: REGISTRY,
    describe: "PEM file: demand a cosign signature by this key, of an image in a layout too",
  },
} as const satisfies Record<string, OptionSpec>;
