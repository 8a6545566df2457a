import type { Limits } from "../convert/limits.ts";
import type { ConversionOptions, FilesystemSettings, ProfileSettings } from "../convert/options.ts";
import { Docker2vmError } from "../errors.ts";
import { parseSize } from "./bytes.ts";
import type { CommandLine } from "./command-line.ts";
import type { Environment } from "./host.ts";
import { CONVERT_OPTIONS, type OptionName } from "./options.ts";
import { chooseSource } from "./source-choice.ts";

/** What the command line asks the library for; signal and progress are added by whoever runs it. */
export type ConversionRequest = Omit<ConversionOptions, "registry" | "signal" | "onProgress">;

/** The same with the image: a reference, or "-" for standard input. */
export type ConvertRequest = ConversionRequest & { readonly source: string };

/** How the user wants to be talked to. */
export interface Manner {
  readonly format: "text" | "json";
  readonly progress: "auto" | "plain" | "json" | "none";
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Throws E_USAGE naming the option at fault. */
export function convertRequest(line: CommandLine, env: Environment): ConvertRequest {
  const [command, ...words] = line.words;
  const source = chooseSource(
    command === "oci2gondolin" ? command : "convert",
    {
      image: stringOption(line, "image"),
      "oci-layout": stringOption(line, "oci-layout"),
      "oci-tar": stringOption(line, "oci-tar"),
      "docker-archive": stringOption(line, "docker-archive"),
    },
    words,
  );
  return { source, ...conversionRequest(line, env) };
}

/** What is to be made of the image, whichever it is. Throws E_USAGE naming the option at fault. */
export function conversionRequest(line: CommandLine, env: Environment): ConversionRequest {
  const out = stringOption(line, "out");
  if (out === undefined) {
    throw new Docker2vmError("E_USAGE", "no output folder given", { hint: "add --out DIR" });
  }
  return {
    out,
    platform: stringOption(line, "platform"),
    anyPlatform: flag(line, "any-platform"),
    profile: profileOf(line, env),
    filesystem: filesystemOf(line),
    sourceDateEpoch: parseEpoch(env["SOURCE_DATE_EPOCH"]),
    force: flag(line, "force"),
    digest: flag(line, "digest"),
    limits: limitsOf(line),
    inflate: choice(line, "inflate", CONVERT_OPTIONS.inflate.values),
    workers: numberOption(line, "workers"),
  };
}

function profileOf(line: CommandLine, environment: Environment): ProfileSettings {
  return {
    name: choice(line, "profile", CONVERT_OPTIONS.profile.values),
    mode: choice(line, "mode", CONVERT_OPTIONS.mode.values),
    guestAssets: stringOption(line, "guest-assets"),
    environment,
  };
}

function filesystemOf(line: CommandLine): FilesystemSettings {
  return {
    type: choice(line, "fs", CONVERT_OPTIONS.fs.values),
    size: sizeOption(line, "size", ["auto", "min"]),
    free: sizeOption(line, "free", []),
    inodes: numberOption(line, "inodes"),
    journal: sizeOption(line, "journal", ["auto", "off"]),
    readOnly: flag(line, "read-only"),
    lostAndFound: flag(line, "no-lost-found") ? false : undefined,
    verity: flag(line, "verity"),
    label: stringOption(line, "label"),
    uuid: stringOption(line, "uuid"),
  };
}

function limitsOf(line: CommandLine): Limits | undefined {
  const limits = {
    bytes: sizeOption(line, "max-bytes", []),
    entries: numberOption(line, "max-entries"),
    layers: numberOption(line, "max-layers"),
    memory: sizeOption(line, "max-memory", []),
  };
  return Object.values(limits).some((limit) => limit !== undefined) ? limits : undefined;
}

/** Throws E_USAGE naming the option at fault. */
export function mannerOf(line: CommandLine): Manner {
  const manner: Manner = {
    format: choice(line, "format", CONVERT_OPTIONS.format.values) ?? "text",
    progress: choice(line, "progress", CONVERT_OPTIONS.progress.values) ?? "auto",
    quiet: flag(line, "quiet"),
    verbose: flag(line, "verbose"),
  };
  if (manner.quiet && manner.verbose) {
    throw new Docker2vmError("E_USAGE", "--quiet and --verbose contradict each other", {
      hint: "give one of them",
    });
  }
  return manner;
}

/** Whether a boolean option is set. */
export function flag(line: CommandLine, name: string): boolean {
  return line.values.get(name) === true;
}

export function stringOption(line: CommandLine, name: OptionName): string | undefined {
  const value = line.values.get(name);
  if (value === undefined) return undefined;
  if (Array.isArray(value)) {
    throw new Docker2vmError("E_USAGE", `--${name} is given ${value.length} times`, { hint: "give it once" });
  }
  return typeof value === "string" && value !== "" ? value : refuseEmpty(name);
}

/** A size in bytes, or one of the words that may stand for one. */
function sizeOption<Word extends string>(
  line: CommandLine,
  name: OptionName,
  words: readonly Word[],
): number | Word | undefined {
  const text = stringOption(line, name);
  if (text === undefined) return undefined;
  return words.find((word) => word === text) ?? parseSize(text, `--${name}`);
}

/** Every value that was given, in order. */
export function listOption(line: CommandLine, name: OptionName): readonly string[] {
  const value = line.values.get(name);
  const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.map((item) => (typeof item === "string" && item !== "" ? item : refuseEmpty(name)));
}

function refuseEmpty(name: OptionName): never {
  throw new Docker2vmError("E_USAGE", `--${name} needs a value`, {
    hint: `write --${name} VALUE, or --${name}=VALUE where the value begins with a dash`,
  });
}

export function numberOption(line: CommandLine, name: OptionName): number | undefined {
  const text = stringOption(line, name);
  if (text === undefined || /^\d{1,15}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new Docker2vmError("E_USAGE", `--${name} ${JSON.stringify(text)} is not a whole number`, {
    hint: "give it in digits alone, without a sign, a fraction or a unit",
  });
}

export function choice<Value extends string>(
  line: CommandLine,
  name: OptionName,
  values: readonly Value[],
): Value | undefined {
  const text = stringOption(line, name);
  if (text === undefined) return undefined;
  const known = values.find((value) => value === text);
  if (known !== undefined) return known;
  throw new Docker2vmError("E_USAGE", `--${name} does not take ${JSON.stringify(text)}`, {
    hint: `--${name} takes ${values.join(", ")}`,
  });
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
