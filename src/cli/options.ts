import { FILESYSTEM_NAMES } from "../filesystem/kind/kind.ts";

/** One option of a command, as the help shows it and the parser takes it. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly group: string;
  readonly describe: string;
  readonly alias?: string;
  /** Shown as the default; the value itself is the library's business. */
  readonly defaultDescription?: string;
  readonly values?: readonly string[];
}

const SOURCE = "Source (exactly one):";
const REGISTRY = "Registry:";
const IMAGE = "Image:";
const OUTPUT = "Output:";
const FILESYSTEM = "Filesystem:";
const LIMITS = "Limits (an image beyond one is refused):";
const TALK = "Messages:";

/** How images are pulled by name. */
export const REGISTRY_OPTIONS = {
  username: { type: "string", group: REGISTRY, describe: "User name, with --password-stdin" },
  "password-stdin": { type: "boolean", group: REGISTRY, describe: "Read the password from standard input" },
  "insecure-registry": {
    type: "string",
    group: REGISTRY,
    describe: "HOST[:PORT] to be spoken to over plain http; may be repeated",
  },
  ca: { type: "string", group: REGISTRY, describe: "PEM file of certificates to trust as well" },
  mirror: { type: "string", group: REGISTRY, describe: "HOST[:PORT] to be asked first; may be repeated" },
  "trust-auth-realm": {
    type: "string",
    group: REGISTRY,
    describe: "HOST in a private network that a registry elsewhere may lead to; may be repeated",
  },
  concurrency: {
    type: "string",
    group: REGISTRY,
    describe: "Layers fetched at once, at most",
    defaultDescription: "4",
  },
  "cache-dir": {
    type: "string",
    group: REGISTRY,
    describe: "Folder of the cache",
    defaultDescription: "$XDG_CACHE_HOME/docker2vm",
  },
  "no-cache": { type: "boolean", group: REGISTRY, describe: "Keep nothing, and use nothing that was kept" },
  offline: { type: "boolean", group: REGISTRY, describe: "Ask no server: everything from the cache" },
  "verify-key": {
    type: "string",
    group: REGISTRY,
    describe: "PEM file: demand a cosign signature by this key, of an image in a layout too",
  },
} as const satisfies Record<string, OptionSpec>;

export const CONVERT_OPTIONS = {
  image: { type: "string", group: SOURCE, describe: "Name of an image in a registry" },
  "oci-layout": {
    type: "string",
    group: SOURCE,
    describe: "OCI layout folder: PATH, PATH:TAG or PATH@sha256:…",
  },
  "oci-tar": { type: "string", group: SOURCE, describe: "Tar file of an OCI layout" },
  "docker-archive": { type: "string", group: SOURCE, describe: "Tar file as `docker save` writes it" },
  platform: {
    type: "string",
    group: IMAGE,
    describe: "os/arch or os/arch/variant",
    defaultDescription: "linux on this machine's architecture",
  },
  "any-platform": {
    type: "boolean",
    group: IMAGE,
    describe: "The only image there is, whatever its platform says; taken as one for --platform, if given",
  },
  profile: {
    type: "string",
    group: IMAGE,
    describe: "What is added to the image's own files: nothing, or what a Gondolin guest needs",
    values: ["baseline", "gondolin"],
    defaultDescription: "baseline",
  },
  mode: {
    type: "string",
    group: IMAGE,
    describe: "With --profile gondolin: the root filesystem, or all assets of a guest",
    values: ["rootfs", "assets"],
    defaultDescription: "rootfs",
  },
  "guest-assets": {
    type: "string",
    group: IMAGE,
    describe: "Folder of the guest assets that the profile takes its parts from",
    defaultDescription: "where Gondolin finds them",
  },
  ...REGISTRY_OPTIONS,
  out: {
    type: "string",
    group: OUTPUT,
    describe: "Folder for rootfs.ext4, or rootfs.erofs, and meta.json (required)",
  },
  force: { type: "boolean", group: OUTPUT, describe: "Replace an existing output" },
  fs: {
    type: "string",
    group: FILESYSTEM,
    describe: "Kind of filesystem",
    values: FILESYSTEM_NAMES,
    defaultDescription: "ext4",
  },
  size: {
    type: "string",
    group: FILESYSTEM,
    describe: "Its size: bytes, or with K, M, G, T (powers of 1024); min: nothing spare; auto",
    defaultDescription: "auto: what is used and a quarter of that free, at least 64M",
  },
  free: { type: "string", group: FILESYSTEM, describe: "Free space beside the content, as 500M" },
  inodes: {
    type: "string",
    group: FILESYSTEM,
    describe: "Inodes in all",
    defaultDescription: "as mke2fs, and some to spare",
  },
  journal: {
    type: "string",
    group: FILESYSTEM,
    describe: "off, or its size, as 16M",
    defaultDescription: "as mke2fs makes it",
  },
  "read-only": {
    type: "boolean",
    group: FILESYSTEM,
    describe: "For mounting read-only alone: nothing spare, no journal; erofs always is",
  },
  "no-lost-found": {
    type: "boolean",
    group: FILESYSTEM,
    describe: "No lost+found: the image's own files alone",
  },
  verity: {
    type: "boolean",
    group: FILESYSTEM,
    describe: "Append a dm-verity hash tree; its root hash is printed",
  },
  label: {
    type: "string",
    group: FILESYSTEM,
    describe: "Volume label, at most 16 bytes; with erofs 15",
    defaultDescription: "rootfs; gondolin-root with --profile gondolin",
  },
  uuid: {
    type: "string",
    group: FILESYSTEM,
    describe: "Filesystem UUID",
    defaultDescription: "from the image's digest and the options",
  },
  digest: {
    type: "boolean",
    group: OUTPUT,
    describe: "Record the sha256 of the filesystem image in meta.json",
  },
  "dry-run": { type: "boolean", group: OUTPUT, describe: "Print the plan as JSON; write nothing" },
  inflate: {
    type: "string",
    group: OUTPUT,
    describe: "Who decompresses; the result is the same",
    values: ["auto", "native", "fflate"],
    defaultDescription: "auto",
  },
  workers: {
    type: "string",
    group: OUTPUT,
    describe: "Threads that hash and inflate layers, 0 for none; the result is the same",
    defaultDescription: "by the cores, none for small images",
  },
  "max-bytes": {
    type: "string",
    group: LIMITS,
    describe: "Bytes of all layers, uncompressed, as 20G",
    defaultDescription: "1T; with --size, contents by that",
  },
  "max-entries": {
    type: "string",
    group: LIMITS,
    describe: "Entries of all layers",
    defaultDescription: "10000000",
  },
  "max-layers": { type: "string", group: LIMITS, describe: "Layers", defaultDescription: "1000" },
  "max-memory": {
    type: "string",
    group: LIMITS,
    describe: "Memory for names, symlinks and attributes",
    defaultDescription: "1G",
  },
  timeout: {
    type: "string",
    group: LIMITS,
    describe: "Time for the whole, as 90s, 30m, 2h",
    defaultDescription: "none",
  },
  format: {
    type: "string",
    group: TALK,
    describe: "Form of the result and of errors",
    values: ["text", "json"],
    defaultDescription: "text",
  },
  progress: {
    type: "string",
    group: TALK,
    describe: "Progress on standard error",
    values: ["auto", "plain", "json", "none"],
    defaultDescription: "auto, bars on a terminal, else plain",
  },
  quiet: {
    type: "boolean",
    alias: "q",
    group: TALK,
    describe: "Errors only: no progress, warnings or summary",
  },
  verbose: { type: "boolean", alias: "v", group: TALK, describe: "Causes and stack traces of errors" },
} as const satisfies Record<string, OptionSpec>;

const JSON_RESULT = { type: "boolean", group: TALK, describe: "The result as JSON" } as const;
const IGNORE_JOURNAL = {
  type: "boolean",
  group: "Reading:",
  describe: "Read what is in place, without the changes that wait in the journal",
} as const;
const VERBOSE = CONVERT_OPTIONS.verbose;

/** Of the commands that look into a filesystem image. */
export const READ_OPTIONS = {
  "ignore-journal": IGNORE_JOURNAL,
  json: JSON_RESULT,
  verbose: VERBOSE,
} as const satisfies Record<string, OptionSpec>;

export const LS_OPTIONS = {
  recursive: {
    type: "boolean",
    alias: "R",
    group: "Reading:",
    describe: "Also what is in the folders below",
  },
  ...READ_OPTIONS,
} as const satisfies Record<string, OptionSpec>;

export const CAT_OPTIONS = {
  "ignore-journal": IGNORE_JOURNAL,
  verbose: VERBOSE,
} as const satisfies Record<string, OptionSpec>;

export const VERIFY_OPTIONS = {
  json: JSON_RESULT,
  verbose: VERBOSE,
} as const satisfies Record<string, OptionSpec>;

export const INSPECT_IMAGE_OPTIONS = {
  platform: CONVERT_OPTIONS.platform,
  "any-platform": CONVERT_OPTIONS["any-platform"],
  ...REGISTRY_OPTIONS,
  json: JSON_RESULT,
  verbose: VERBOSE,
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
  verbose: VERBOSE,
} as const satisfies Record<string, OptionSpec>;

const BUILD = "Build:";

/** What is built, and how. */
export const BUILD_OPTIONS = {
  file: {
    type: "string",
    group: BUILD,
    describe: "The Dockerfile",
    defaultDescription: "Dockerfile in the context",
  },
  context: {
    type: "string",
    group: BUILD,
    describe: "Folder that COPY and ADD take from",
    defaultDescription: ".",
  },
  builder: {
    type: "string",
    group: BUILD,
    describe: "Who builds",
    values: ["docker-buildx", "buildctl", "buildah"],
    defaultDescription: "the first that works",
  },
  target: { type: "string", group: BUILD, describe: "The stage to be built", defaultDescription: "the last" },
  "build-arg": {
    type: "string",
    group: BUILD,
    describe: "NAME=VALUE, or NAME for its value in the environment; may be repeated",
  },
  secret: {
    type: "string",
    group: BUILD,
    describe: "As the builder takes it: id=token,src=./token; may be repeated",
  },
  "no-cache": { type: "boolean", group: BUILD, describe: "Build every step anew" },
} as const satisfies Record<string, OptionSpec>;

/** All that convert takes, but for the image and where it comes from. */
export const DOCKERFILE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...BUILD_OPTIONS,
  ...Object.fromEntries(
    Object.entries<OptionSpec>(CONVERT_OPTIONS).filter(
      ([, { group }]) => group !== SOURCE && group !== REGISTRY,
    ),
  ),
};

/** Options every command takes. */
export const COMMON_OPTIONS = {
  help: { type: "boolean", alias: "h", group: "Other:", describe: "Show this help" },
  version: { type: "boolean", group: "Other:", describe: "Show the version" },
} as const satisfies Record<string, OptionSpec>;

/** The options that commands read. */
export type OptionName =
  | keyof typeof CONVERT_OPTIONS
  | keyof typeof BUILD_OPTIONS
  | keyof typeof CACHE_OPTIONS
  | keyof typeof LS_OPTIONS;
