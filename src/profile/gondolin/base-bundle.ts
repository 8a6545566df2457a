/** A folder of Gondolin guest assets, checked: what is taken into images and what is copied beside them. */
import { join } from "node:path";
import { Docker2vmError } from "../../errors.ts";
import { formatPlatform, type Platform } from "../../oci/platform.ts";
import {
  type Architecture,
  architectureOf,
  architectureOfMachine,
  parseArchitecture,
} from "./architecture.ts";
import { type BaseFile, BaseFilesystem } from "./base-filesystem.ts";
import { readElf } from "./elf.ts";
import { DEFAULT_NAMES, type GuestManifest, readGuestManifest } from "./guest-manifest.ts";
import { type LocationOptions, locateGuestAssets } from "./location.ts";

/** The program that runs commands in a guest; without it there is no guest. */
export const SANDBOXD = "/usr/bin/sandboxd";

export interface BaseBundle {
  readonly manifest: GuestManifest | undefined;
  readonly architecture: Architecture;
  readonly filesystem: BaseFilesystem;
  /** The script that the guest starts with. */
  readonly init: BaseFile;
  /** Paths of the other assets. */
  readonly kernel: string;
  readonly initramfs: string;
  readonly krunKernel: string | undefined;
  readonly krunInitrd: string | undefined;
}

/**
 * Finds the guest assets and opens them. Throws E_GUEST_ASSETS_NOT_FOUND, also where they are for another
 * architecture than the image, and E_UNSUPPORTED where they are not what Gondolin boots.
 */
export function openBaseBundle(
  platform: Platform,
  options: Omit<LocationOptions, "architecture">,
): BaseBundle {
  const architecture = architectureOf(platform);
  const folder = locateGuestAssets({ ...options, architecture });
  const manifest = readGuestManifest(folder);
  const names = manifest?.assets ?? DEFAULT_NAMES;
  const filesystem = new BaseFilesystem(join(folder, names.rootfs));
  try {
    const found = architectureOfBase(folder, manifest, filesystem);
    if (found !== architecture) throw wrongArchitecture(folder, found, platform, architecture);
    const { krunKernel, krunInitrd } = names;
    return {
      manifest,
      architecture,
      filesystem,
      init: required(filesystem, "/init", folder),
      kernel: join(folder, names.kernel),
      initramfs: join(folder, names.initramfs),
      krunKernel: krunKernel && join(folder, krunKernel),
      krunInitrd: krunInitrd && join(folder, krunInitrd),
    };
  } catch (error) {
    filesystem.close();
    throw error;
  }
}

/** As the manifest says; where it says nothing, as the guest's own program was built. */
function architectureOfBase(
  folder: string,
  manifest: GuestManifest | undefined,
  filesystem: BaseFilesystem,
): string {
  const { path, file } = required(filesystem, SANDBOXD, folder);
  const named = manifest?.arch;
  if (named !== undefined) return parseArchitecture(named) ?? named;
  const { machine } = readElf(filesystem.read(file), path);
  return architectureOfMachine(machine) ?? `ELF machine ${machine}`;
}

function required(filesystem: BaseFilesystem, path: string, folder: string): BaseFile {
  const found = filesystem.findFile(path);
  if (found !== undefined) return found;
  throw new Docker2vmError("E_UNSUPPORTED", `the Gondolin guest assets in ${folder} have no ${path}`, {
    hint: "name a folder that 'gondolin build' wrote: --guest-assets DIR",
  });
}

function wrongArchitecture(
  folder: string,
  found: string,
  platform: Platform,
  wanted: Architecture,
): Docker2vmError {
  return new Docker2vmError(
    "E_GUEST_ASSETS_NOT_FOUND",
    `the Gondolin guest assets in ${folder} are for ${found}, the image is for ${formatPlatform(platform)}`,
    {
      hint: `fetch those for ${wanted} ('gondolin image pull alpine-base:latest --arch ${wanted}'), or choose another --platform`,
    },
  );
}
