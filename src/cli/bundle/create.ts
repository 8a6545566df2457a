import { readFileSync } from "node:fs";
import type { BundleResult } from "../../bundle/create-bundle.ts";
import type { BundleOptions } from "../../bundle/options.ts";
import type { ProgressEvent } from "../../convert/progress.ts";
import { Docker2vmError } from "../../errors.ts";
import { whyUnreadable } from "../../system-errors.ts";
import { type CommandLine, choice, flag, numberOption, sizeOption, stringOption } from "../arguments.ts";
import { formatBytes } from "../bytes.ts";
import { withNamespace } from "../containerd-source.ts";
import { editsOf } from "../edit-options.ts";
import type { ExtractionDocument } from "../filesystem/extract.ts";
import { leftOutJson } from "../filesystem/left-out.ts";
import type { Host } from "../host.ts";
import { mannerOf, noteTo } from "../manner.ts";
import { CONVERT_OPTIONS } from "../options/convert.ts";
import { printable, shellWord } from "../printable.ts";
import { progressReporter } from "../progress/reporter.ts";
import { registryRequest } from "../registry-request.ts";
import { limitsOf } from "../request.ts";
import { settledSource, sourceOfOptions } from "../source-choice.ts";
import { sourceSpec } from "../standard-input.ts";
import { tell } from "../tell.ts";
import { workloadRequest } from "../workload-request.ts";

/** `docker2vm bundle create SOURCE` */
export async function runBundleCreate(line: CommandLine, host: Host): Promise<void> {
  const manner = mannerOf(line);
  const request = bundleRequest(line, host);
  const given = sourceOf(line);
  const chosen = given && (await settledSource(given, noteTo(host.stderr, manner)));
  const source =
    chosen === undefined
      ? undefined
      : withNamespace(line, sourceSpec(chosen, "bundle create - --out DIR", host));
  const registry = await registryRequest(line, host, chosen ?? "");
  const { createBundle } = await import("../../bundle/create-bundle.ts");
  const progress = progressReporter(manner, host.stderr, host.env);
  let result: BundleResult;
  try {
    result = await createBundle({
      ...request,
      source,
      edits: editsOf(line, host, chosen),
      registry,
      signal: host.signal,
      onProgress: (event: ProgressEvent) => progress.report(event),
    });
  } finally {
    progress.finish();
  }
  const text = manner.quiet ? "" : bundleText(result);
  await tell(host, {
    text: manner.format === "json" ? bundleJson(result) : text,
    made: `the bundle is in ${result.folder}`,
  });
}

/** Throws E_USAGE naming the option at fault. */
export function bundleRequest(line: CommandLine, host: Host): BundleOptions {
  const template = stringOption(line, "config");
  return {
    out: folderOf(line),
    force: flag(line, "force"),
    rootfs: stringOption(line, "rootfs"),
    platform: stringOption(line, "platform"),
    anyPlatform: flag(line, "any-platform"),
    workload: workloadRequest(line),
    environment: host.env,
    terminal: flag(line, "terminal"),
    readOnly: flag(line, "read-only"),
    resources: {
      memory: sizeOption(line, "memory", []),
      cpus: processors(stringOption(line, "cpus")),
      pids: numberOption(line, "pids"),
    },
    rootless: flag(line, "rootless"),
    template: template === undefined ? undefined : readTemplate(template),
    limits: limitsOf(line),
    inflate: choice(line, "inflate", CONVERT_OPTIONS.inflate.values),
    workers: numberOption(line, "workers"),
  };
}

function folderOf(line: CommandLine): string {
  const folder = stringOption(line, "out");
  if (folder !== undefined) return folder;
  throw new Docker2vmError("E_USAGE", "no output folder given", { hint: "add --out DIR" });
}

/** Undefined where only a root filesystem is named. */
function sourceOf(line: CommandLine): string | undefined {
  const [, , ...words] = line.words;
  const options = ["image", "oci-layout", "oci-tar", "docker-archive"] as const;
  const isNone = words.length === 0 && options.every((name) => !line.values.has(name));
  if (isNone && line.values.has("rootfs")) return undefined;
  return sourceOfOptions("bundle create", line, words);
}

function processors(text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,6}(\.\d{1,6})?$/.test(text))
    return text === undefined ? undefined : Number(text);
  throw new Docker2vmError("E_USAGE", `--cpus ${JSON.stringify(text)} is no number of processors`, {
    hint: "give it as 2 or 1.5",
  });
}

function readTemplate(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Docker2vmError("E_USAGE", `the template ${path}: ${whyUnreadable(cause)}`, {
      hint: "--config takes a JSON file with those fields of config.json that are to change",
      cause,
    });
  }
}

export function bundleText({ folder, rootfsPath, image, extraction, config }: BundleResult): string {
  const rows: [name: string, value: string][] = [
    ...(image === undefined
      ? []
      : ([
          ["Image", `${image.source.reference} (${image.platform})`],
          ["Digest", image.digest],
        ] as [string, string][])),
    ["Bundle", folder],
    ["Rootfs", extraction === undefined ? rootfsPath : `${rootfsPath}: ${unpacked(extraction)}`],
    ["Runs", runs(config)],
  ];
  return rows.map(([name, value]) => `${name.padEnd(10)}${printable(value)}\n`).join("");
}

function unpacked({ files, directories, symlinks, bytes }: NonNullable<BundleResult["extraction"]>): string {
  return `${files} files (${formatBytes(bytes)}), ${directories} directories, ${symlinks} symlinks`;
}

/** The parts are there: what is written was checked. */
function runs(config: unknown): string {
  const { process } = config as {
    process: { args: string[]; cwd: string; user?: { uid?: number; gid?: number } };
  };
  const { uid = 0, gid = 0 } = process.user ?? {};
  return `${process.args.map(shellWord).join(" ")} as ${uid}:${gid} in ${process.cwd}`;
}

/** A bundle that was made, for a program. */
export interface BundleDocument extends Pick<BundleResult, "image" | "warnings"> {
  /** The bundle, its root filesystem and its configuration: absolute paths. */
  readonly bundle: string;
  readonly rootfs: string;
  readonly config: string;
  /** How the image's files were unpacked; absent where the root filesystem was there. */
  readonly extraction?: Omit<ExtractionDocument, "replay">;
  /** What config.json holds: a JSON object. */
  readonly runtime: unknown;
}

export function bundleJson({ folder, rootfsPath, configPath, ...rest }: BundleResult): string {
  const { image, config, extraction, warnings } = rest;
  const document: BundleDocument = {
    bundle: folder,
    rootfs: rootfsPath,
    config: configPath,
    ...(image === undefined ? {} : { image }),
    ...(extraction === undefined
      ? {}
      : { extraction: { ...extraction, leftOut: leftOutJson(extraction.leftOut) } }),
    warnings,
    runtime: config,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
