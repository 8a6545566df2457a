/** What a bundle is asked to be, every value checked. */
import { checkDemands, checkSource, type ImageDemands } from "../convert/image-request.ts";
import type { Environment } from "../convert/options.ts";
import { checkConversion, type Request } from "../convert/request.ts";
import { Docker2vmError } from "../errors.ts";
import { given } from "../given.ts";
import { checkOverrides, type WorkloadOverrides } from "../profile/init/overrides.ts";
import { parseDocument } from "./json-document.ts";
import type { Json } from "./merge-patch.ts";
import type { BundleOptions } from "./options.ts";
import type { Owner } from "./runtime/rootless.ts";
import type { Resources } from "./runtime/runtime-config.ts";

export interface BundleRequest {
  readonly demands: ImageDemands;
  /** Of the image, which is unpacked by way of a filesystem; undefined where there is none. */
  readonly conversion: Request | undefined;
  readonly rootfs: string | undefined;
  readonly out: string;
  readonly force: boolean;
  readonly overrides: WorkloadOverrides;
  readonly environment: Environment;
  readonly terminal: boolean;
  readonly readOnly: boolean;
  readonly resources: Resources;
  readonly rootless: Owner | undefined;
  readonly template: Json | undefined;
}

/** The filesystem on the way holds the image's files and nothing else. */
const ON_THE_WAY = { type: "ext4", journal: "off", lostAndFound: false } as const;

/** The kernel takes no shorter quota than this part of a period (CFS: 1 ms of 100). */
const LEAST_CPUS = 0.01;
const MOST_CPUS = 1_000_000;

/** Throws E_USAGE for what no image could make right. */
export function checkBundleOptions(options: BundleOptions): BundleRequest {
  given(options, { out: "text" }, { rootfs: "text", environment: "object", edits: "list" });
  given(options, {}, { workload: "object", resources: "object", template: "binary" });
  const { source, rootfs, out, environment = {}, inflate, workers, template, edits } = options;
  if (source === undefined && rootfs === undefined) {
    throw refuse(
      "there is neither an image nor a root filesystem",
      "name an image, or a folder with --rootfs",
    );
  }
  if (rootfs !== undefined && edits !== undefined && edits.length > 0) {
    throw refuse(
      "a root filesystem that is there is left as it is",
      "leave the edits out, or the root filesystem: an image is unpacked and edited",
    );
  }
  const conversion =
    source === undefined
      ? undefined
      : {
          source: checkSource({ source }),
          ...checkConversion({ ...imageOptions(options), filesystem: ON_THE_WAY, inflate, workers, edits }),
        };
  const rootless = ownerOf(options);
  return {
    demands: conversion ?? checkDemands(imageOptions(options)),
    conversion,
    rootfs,
    out,
    force: options.force ?? false,
    overrides: checkOverrides(options.workload ?? {}, environment),
    environment,
    terminal: options.terminal ?? false,
    readOnly: options.readOnly ?? false,
    resources: checkResources(options.resources ?? {}, rootless),
    rootless,
    template: template === undefined ? undefined : checkTemplate(template),
  };
}

function imageOptions({ platform, anyPlatform, registry, limits, signal, onProgress }: BundleOptions) {
  return { platform, anyPlatform, registry, limits, signal, onProgress };
}

/** Whose the files can be is settled before anything is done. */
function ownerOf({ rootless = false, rootfs }: BundleOptions): Owner | undefined {
  const [uid = 0, gid = 0] = [process.geteuid?.(), process.getegid?.()];
  if (rootless && uid === 0) {
    throw refuse(
      "a rootless bundle is for a user who is not root",
      "leave --rootless out, or run as that user",
    );
  }
  if (!rootless && uid !== 0 && rootfs === undefined) {
    throw refuse(
      "only root can give the files of a root filesystem their owners",
      "run as root, or make the bundle for this user alone, with --rootless",
    );
  }
  return rootless ? { uid, gid } : undefined;
}

function checkResources(resources: Resources, rootless: Owner | undefined): Resources {
  const { memory, cpus, pids } = resources;
  for (const [name, limit] of Object.entries({ memory, pids })) {
    if (limit === undefined || (Number.isSafeInteger(limit) && limit > 0)) continue;
    throw refuse(`${limit} is no limit for ${name}`, "give a whole number above 0");
  }
  if (cpus !== undefined && !(cpus >= LEAST_CPUS && cpus <= MOST_CPUS)) {
    throw refuse(`${cpus} is no number of processors`, `give one from ${LEAST_CPUS} on, as 1.5`);
  }
  if (rootless !== undefined && [memory, cpus, pids].some((limit) => limit !== undefined)) {
    throw refuse(
      "a user who is not root limits no memory, processors or processes",
      "leave --memory, --cpus and --pids out with --rootless; --config can set what your system lets you",
    );
  }
  return resources;
}

function checkTemplate(bytes: Uint8Array): Json {
  const document = parseDocument(bytes);
  if (typeof document === "string") {
    throw refuse(
      `the template ${document}`,
      "it is a JSON object with those fields of config.json that are to change",
    );
  }
  if (typeof document.value === "object" && document.value !== null && !Array.isArray(document.value)) {
    return document.value;
  }
  throw refuse("the template is no object", 'write the fields that are to change: {"hostname": "box"}');
}

function refuse(message: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", message, { hint });
}
