/** Files beside an image that start it in machine monitors. */
import { relative } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { given } from "../given.ts";
import { checkCpus, checkMemory, type LaunchFacts } from "../launch/facts.ts";
import { checkMonitors, FILE_NAMES, type Monitor } from "../launch/monitors.ts";
import { absolutePath } from "../machine.ts";
import { formatPlatform, type Platform } from "../oci/platform.ts";
import type { StagedOutput } from "../output/staged-output.ts";
import type { ImageMetadata, LaunchMetadata } from "./meta.ts";
import type { LaunchSettings } from "./options.ts";
import type { OutputPlace } from "./output-place.ts";

/** The same, every value checked. Paths are as they are in the files. */
export interface LaunchRequest extends Pick<LaunchFacts, "kernel" | "initramfs" | "memoryMiB" | "cpus"> {
  readonly monitors: readonly Monitor[];
}

const KERNEL = "kernel";
const INIT = "/sbin/ovms-init";

/** Throws E_USAGE for what no image could make right. */
export function launchRequest(
  settings: LaunchSettings | undefined,
  place: OutputPlace,
  profile: ImageMetadata["profile"],
  platform: Platform,
): LaunchRequest | undefined {
  if (settings === undefined) return undefined;
  if (place.file !== undefined) {
    throw new Docker2vmError("E_USAGE", "launch files are made beside an image in a folder", {
      hint: "convert into a folder, or leave --launch out",
    });
  }
  if (profile === "gondolin") {
    throw new Docker2vmError(
      "E_USAGE",
      "Gondolin starts its guests itself: launch files have no meaning with its profile",
      {
        hint: "leave --launch out, or choose --profile init",
      },
    );
  }
  architectureOf(formatPlatform(platform));
  given(settings, { monitors: "texts" }, { kernel: "text", initramfs: "text" });
  const { monitors, kernel = KERNEL, initramfs, memory, cpus } = settings;
  const seen = (path: string): string =>
    path.startsWith("/") ? path : relative(place.folder, absolutePath(path));
  return {
    monitors: checkMonitors(monitors),
    kernel: settings.kernel === undefined ? kernel : seen(kernel),
    initramfs: initramfs === undefined ? undefined : seen(initramfs),
    memoryMiB: checkMemory(memory),
    cpus: checkCpus(cpus),
  };
}

/** What will be there beside the image. */
export function launchFileNames(request: LaunchRequest | undefined): readonly string[] {
  return (request?.monitors ?? []).map((monitor) => FILE_NAMES[monitor]);
}

/** Writes the files for an image that is made; returns what is to be said of them in `meta.json`. */
export async function writeLaunchFiles(
  request: LaunchRequest,
  fileName: string,
  metadata: ImageMetadata,
  output: StagedOutput,
): Promise<readonly LaunchMetadata[]> {
  // Loaded only here: most conversions make none.
  const { launchFile } = await import("../launch/launch.ts");
  const facts = launchFacts(request, fileName, metadata, output.folder);
  const described: LaunchMetadata[] = [];
  for (const monitor of request.monitors) {
    const { name, text, executable, command } = launchFile(monitor, facts);
    await output.write(name, text, executable);
    described.push({ monitor, file: name, command });
  }
  return described;
}

function launchFacts(
  { kernel, initramfs, memoryMiB, cpus }: LaunchRequest,
  fileName: string,
  { platform, profile, filesystem, writableDisk }: ImageMetadata,
  folder: string,
): LaunchFacts {
  const { type, uuid, readOnly = false, verity } = filesystem;
  return {
    architecture: architectureOf(platform),
    name: `docker2vm-${uuid}`,
    folder,
    root: { fileName, type, readOnly, verity },
    writableDisk: writableDisk?.file,
    init: profile === "init" ? INIT : undefined,
    kernel,
    initramfs,
    memoryMiB,
    cpus,
  };
}

function architectureOf(platform: string): LaunchFacts["architecture"] {
  const architecture = platform.split("/")[1];
  if (architecture === "amd64" || architecture === "arm64") return architecture;
  throw new Docker2vmError("E_USAGE", `there are no launch files for ${platform}`, {
    hint: "leave --launch out, or convert the image for linux/amd64 or linux/arm64",
  });
}
