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
const IMAGE = "Image:";
const OUTPUT = "Output:";
const TALK = "Messages:";

export const CONVERT_OPTIONS = {
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
  profile: {
    type: "string",
    group: IMAGE,
    describe: "What is added to the image's own files: nothing",
    values: ["baseline"],
    defaultDescription: "baseline",
  },
  out: { type: "string", group: OUTPUT, describe: "Folder for rootfs.ext4 and meta.json (required)" },
  force: { type: "boolean", group: OUTPUT, describe: "Replace an existing output" },
  size: {
    type: "string",
    group: OUTPUT,
    describe: "Size of the filesystem: bytes, or with K, M, G, T (powers of 1024)",
    defaultDescription: "content and a quarter of it free, at least 64M",
  },
  label: {
    type: "string",
    group: OUTPUT,
    describe: "Volume label, at most 16 bytes",
    defaultDescription: "rootfs",
  },
  uuid: {
    type: "string",
    group: OUTPUT,
    describe: "Filesystem UUID",
    defaultDescription: "from the image's digest and the options",
  },
  digest: { type: "boolean", group: OUTPUT, describe: "Record the sha256 of rootfs.ext4 in meta.json" },
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
    describe: "Threads that bring layers in, 0 for none; the result is the same",
    defaultDescription: "by the cores, none for small images",
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

export type OptionName = keyof typeof CONVERT_OPTIONS;

/** Options every command takes. */
export const COMMON_OPTIONS = {
  help: { type: "boolean", alias: "h", group: "Other:", describe: "Show this help" },
  version: { type: "boolean", group: "Other:", describe: "Show the version" },
} as const satisfies Record<string, OptionSpec>;
