import type { Limits } from "../convert/limits.ts";
import type {
  ConversionOptions,
  FilesystemSettings,
  LaunchSettings,
  OutputFile,
  ProfileSettings,
  WritableDisk,
} from "../convert/options.ts";
import { Docker2vmError } from "../errors.ts";
import type { Monitor } from "../launch/monitors.ts";
import {
  type CommandLine,
  choice,
  flag,
  listOption,
  numberOption,
  sizeOption,
  stringOption,
} from "./arguments.ts";
import { parseSize } from "./bytes.ts";
import type { Environment } from "./host.ts";
import { CONVERT_OPTIONS } from "./options/convert.ts";
import { sourceOfOptions } from "./source-choice.ts";
import { workloadRequest } from "./workload-request.ts";

/** What the command line asks the library for; registry, results, signal and progress are added by whoever runs it. */
export type ConversionRequest = Omit<
  ConversionOptions,
  "registry" | "results" | "layerStore" | "signal" | "onProgress"
>;

/** The same with the image: a reference, or "-" for standard input. */
export type ConvertRequest = ConversionRequest & { readonly source: string };

/** Throws E_USAGE naming the option at fault. */
export function convertRequest(line: CommandLine, env: Environment): ConvertRequest {
  const [command, ...words] = line.words;
  const source = sourceOfOptions(command === "oci2gondolin" ? command : "convert", line, words);
  return { source, ...conversionRequest(line, env) };
}

/** What is to be made of the image, whichever it is. Throws E_USAGE naming the option at fault. */
export function conversionRequest(line: CommandLine, env: Environment): ConversionRequest {
  return {
    out: outOf(line),
    platform: stringOption(line, "platform"),
    anyPlatform: flag(line, "any-platform"),
    profile: profileOf(line, env),
    filesystem: filesystemOf(line),
    writableDisk: writableDiskOf(line),
    launch: launchOf(line),
    sourceDateEpoch: parseEpoch(env["SOURCE_DATE_EPOCH"]),
    force: flag(line, "force"),
    digest: flag(line, "digest"),
    dense: flag(line, "dense"),
    limits: limitsOf(line),
    inflate: choice(line, "inflate", CONVERT_OPTIONS.inflate.values),
    workers: numberOption(line, "workers"),
  };
}

function outOf(line: CommandLine): string | OutputFile {
  const folder = stringOption(line, "out");
  const file = stringOption(line, "output");
  const metadata = flag(line, "meta");
  const wrong = (what: string, hint: string) => new Docker2vmError("E_USAGE", what, { hint });
  if (folder === undefined && file === undefined) {
    throw wrong("no output given", "add --out DIR, or --output FILE for the image alone");
  }
  if (folder !== undefined && file !== undefined) {
    throw wrong(
      "--out and --output contradict each other",
      "give the folder, or the file for the image alone",
    );
  }
  if (file === "-") {
    throw wrong(
      "--output writes no image to a pipe",
      "name a file: an image is written here and there, not in order",
    );
  }
  if (file !== undefined) return { file, metadata };
  if (metadata) throw wrong("--meta is for --output", "leave it out: a folder always gets meta.json");
  return folder ?? "";
}

function profileOf(line: CommandLine, environment: Environment): ProfileSettings {
  return {
    name: choice(line, "profile", CONVERT_OPTIONS.profile.values),
    mode: choice(line, "mode", CONVERT_OPTIONS.mode.values),
    guestAssets: stringOption(line, "guest-assets"),
    workload: workloadRequest(line),
    keepRunning: flag(line, "keep-running") ? true : undefined,
    ip: stringOption(line, "ip"),
    seedImage: flag(line, "seed-image") ? true : undefined,
    environment,
  };
}

function filesystemOf(line: CommandLine): FilesystemSettings {
  return {
    type: choice(line, "fs", CONVERT_OPTIONS.fs.values),
    size: sizeOption(line, "size", CONVERT_OPTIONS.size.words),
    free: sizeOption(line, "free", []),
    inodes: numberOption(line, "inodes"),
    journal: sizeOption(line, "journal", CONVERT_OPTIONS.journal.words),
    readOnly: flag(line, "read-only"),
    lostAndFound: flag(line, "no-lost-found") ? false : undefined,
    compress: stringOption(line, "compress") as FilesystemSettings["compress"],
    clusterSize: sizeOption(line, "cluster-size", []),
    verity: flag(line, "verity"),
    label: stringOption(line, "label"),
    uuid: stringOption(line, "uuid"),
  };
}

/** SIZE, or SIZE,KIND */
function writableDiskOf(line: CommandLine): WritableDisk | undefined {
  const [size, type, ...more] = stringOption(line, "writable-disk")?.split(",") ?? [];
  if (size === undefined) return undefined;
  const bytes = parseSize(size, "--writable-disk");
  if (type === undefined) return { size: bytes };
  if ((type === "ext4" || type === "xfs") && more.length === 0) return { size: bytes, type };
  throw new Docker2vmError(
    "E_USAGE",
    `--writable-disk does not take ${JSON.stringify([type, ...more].join())}`,
    {
      hint: "behind its size and a comma is ext4 or xfs, as in 2G,xfs",
    },
  );
}

/** Throws E_USAGE for a machine without monitors to run it. */
function launchOf(line: CommandLine): LaunchSettings | undefined {
  const machine = {
    kernel: stringOption(line, "kernel"),
    initramfs: stringOption(line, "initramfs"),
    memory: sizeOption(line, "memory", []),
    cpus: numberOption(line, "cpus"),
  };
  const names = listOption(line, "launch").flatMap((list) => list.split(","));
  if (names.length > 0) return { monitors: names as Monitor[], ...machine };
  const [misplaced] = Object.entries(machine).find(([, value]) => value !== undefined) ?? [];
  if (misplaced === undefined) return undefined;
  throw new Docker2vmError("E_USAGE", `--${misplaced} has no meaning without --launch`, {
    hint: "add --launch with the machine monitors that files are to be made for, such as --launch qemu",
  });
}

export function limitsOf(line: CommandLine): Limits | undefined {
  const limits = {
    bytes: sizeOption(line, "max-bytes", []),
    entries: numberOption(line, "max-entries"),
    layers: numberOption(line, "max-layers"),
    memory: sizeOption(line, "max-memory", []),
  };
  return Object.values(limits).some((limit) => limit !== undefined) ? limits : undefined;
}

/** SOURCE_DATE_EPOCH of reproducible-builds.org: seconds since 1970, decimal; empty counts as not set. */
function parseEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const seconds = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(seconds)) return seconds;
  throw new Docker2vmError(
    "E_USAGE",
    `SOURCE_DATE_EPOCH ${JSON.stringify(text)} in the environment is not a time`,
    {
      hint: "set it to whole seconds since 1970-01-01, or unset it",
    },
  );
}
