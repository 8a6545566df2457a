import { FILESYSTEM_NAMES } from "../../filesystem/kind/kind.ts";
import { MONITORS } from "../../launch/monitors.ts";
import { EDIT_OPTIONS } from "./edits.ts";
import type { OptionSpec } from "./option.ts";
import { REGISTRY_OPTIONS } from "./registry.ts";
import { RESULT_OPTIONS } from "./results.ts";
import { SOURCE_OPTIONS } from "./source.ts";
import { WORKLOAD_OPTIONS } from "./workload.ts";

const IMAGE = "Image:";
export const OUTPUT = "Output:";
const FILESYSTEM = "Filesystem:";
const LAUNCH = "Launch files (with --launch):";
const LIMITS = "Limits (an image beyond one is refused):";
const TALK = "Messages:";

/** Those that most images are made for. */
const PLATFORMS = [
  "linux/amd64",
  "linux/arm64",
  "linux/arm/v7",
  "linux/386",
  "linux/ppc64le",
  "linux/riscv64",
  "linux/s390x",
];

export const CONVERT_OPTIONS = {
  ...SOURCE_OPTIONS,
  platform: {
    type: "string",
    group: IMAGE,
    describe: "os/arch, os/arch/variant or arch",
    words: PLATFORMS,
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
    describe:
      "What is added to the image's own files: nothing, what a Gondolin guest needs, an init that runs the workload, what has the image's systemd or cloud-init run it",
    values: ["baseline", "gondolin", "init", "ovms", "systemd", "cloud-init"],
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
    takes: "folder",
    group: IMAGE,
    describe: "Folder of the guest assets that the profile takes its parts from",
    defaultDescription: "where Gondolin finds them",
  },
  "seed-image": {
    type: "boolean",
    group: IMAGE,
    describe: "With --profile cloud-init: the seed as a volume beside the image, seed.img",
  },
  ...WORKLOAD_OPTIONS,
  ...EDIT_OPTIONS,
  ...REGISTRY_OPTIONS,
  ...RESULT_OPTIONS,
  out: {
    type: "string",
    takes: "folder",
    group: OUTPUT,
    alias: "o",
    describe: "Folder for rootfs.ext4 (or .erofs, .xfs) and meta.json",
  },
  output: {
    type: "string",
    takes: "file",
    group: OUTPUT,
    describe: "In place of --out: one file, for the image alone",
  },
  meta: { type: "boolean", group: OUTPUT, describe: "With --output: write FILE.meta.json as well" },
  "writable-disk": {
    type: "string",
    group: OUTPUT,
    describe: "SIZE[,ext4|xfs]: an empty disk beside the image, for an overlay's changes",
    defaultDescription: "none",
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
    takes: "size",
    group: FILESYSTEM,
    describe: "Its size: bytes, or with K, M, G, T (powers of 1024); min: nothing spare; auto",
    words: ["auto", "min"],
    defaultDescription: "auto: what is used and a quarter of that free, at least 64M",
  },
  free: {
    type: "string",
    takes: "size",
    group: FILESYSTEM,
    describe: "Free space beside the content, as 500M",
  },
  inodes: {
    type: "string",
    takes: "number",
    group: FILESYSTEM,
    describe: "Inodes in all; not of xfs",
    defaultDescription: "as mke2fs, and some to spare",
  },
  journal: {
    type: "string",
    takes: "size",
    group: FILESYSTEM,
    describe: "off, or its size, as 16M",
    words: ["auto", "off"],
    defaultDescription: "as mke2fs makes it; of xfs by the size",
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
  compress: {
    type: "string",
    group: FILESYSTEM,
    describe: "With erofs: lz4, or lz4:1 (fast) to lz4:9 (small); guests need Linux 5.13",
    words: ["none", "lz4", "lz4:9"],
    defaultDescription: "none",
  },
  "cluster-size": {
    type: "string",
    takes: "size",
    group: FILESYSTEM,
    describe: "What is compressed as one: bytes, or with K, M; 4K to 1M",
    defaultDescription: "64K",
  },
  verity: {
    type: "boolean",
    group: FILESYSTEM,
    describe: "Append a dm-verity hash tree; its root hash is printed",
  },
  label: {
    type: "string",
    group: FILESYSTEM,
    describe: "Volume label, at most 16 bytes; with erofs 15, with xfs 12",
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
  dense: { type: "boolean", group: OUTPUT, describe: "No holes in the image file: write its zeros too" },
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
    takes: "number",
    group: OUTPUT,
    describe: "Threads that hash and inflate layers, 0 for none; the result is the same",
    defaultDescription: "by the cores, none for what is done as soon without",
  },
  launch: {
    type: "string",
    group: LAUNCH,
    describe: "Machine monitors to make files for",
    list: MONITORS,
    repeats: true,
  },
  kernel: {
    type: "string",
    takes: "file",
    group: LAUNCH,
    describe: "Path of the kernel",
    defaultDescription: '"kernel" in the output folder',
  },
  initramfs: { type: "string", takes: "file", group: LAUNCH, describe: "Path of an initramfs" },
  memory: {
    type: "string",
    takes: "size",
    group: LAUNCH,
    describe: "Memory: bytes, or with M, G",
    defaultDescription: "512M",
  },
  cpus: { type: "string", takes: "number", group: LAUNCH, describe: "Processors", defaultDescription: "1" },
  "max-bytes": {
    type: "string",
    takes: "size",
    group: LIMITS,
    describe: "Bytes of all layers, uncompressed, as 20G",
    defaultDescription: "1T; with --size, contents by that",
  },
  "max-entries": {
    type: "string",
    takes: "number",
    group: LIMITS,
    describe: "Entries of all layers",
    defaultDescription: "10000000",
  },
  "max-layers": {
    type: "string",
    takes: "number",
    group: LIMITS,
    describe: "Layers",
    defaultDescription: "1000",
  },
  "max-memory": {
    type: "string",
    takes: "size",
    group: LIMITS,
    describe: "Memory for names, symlinks and attributes",
    defaultDescription: "1G",
  },
  timeout: {
    type: "string",
    takes: "duration",
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

export const JSON_RESULT = { type: "boolean", group: TALK, describe: "The result as JSON" } as const;
