/** manifest.json of a folder with guest assets (Gondolin 0.12, AssetManifest of its assets.ts), for reading. */
import { readFileSync } from "node:fs";
import { isAbsolute, join, normalize } from "node:path";
import { Docker2vmError, isAbsence, systemErrorCode } from "../../errors.ts";
import { type JsonValue, parseJson } from "../../oci/json.ts";

export const MANIFEST_NAME = "manifest.json";

/** File names, relative to the folder. */
export interface AssetNames {
  readonly kernel: string;
  readonly initramfs: string;
  readonly rootfs: string;
  readonly krunKernel?: string;
  readonly krunInitrd?: string;
}

export interface GuestManifest {
  readonly buildId: string | undefined;
  /** `config.arch`, as written. */
  readonly arch: string | undefined;
  readonly distro: string | undefined;
  /** `runtimeDefaults.rootfsMode`. */
  readonly rootfsMode: string | undefined;
  readonly assets: AssetNames;
  /** sha256 of each, hex. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** What the files are called where nothing says otherwise. */
export const DEFAULT_NAMES: AssetNames = {
  kernel: "vmlinuz-virt",
  initramfs: "initramfs.cpio.lz4",
  rootfs: "rootfs.ext4",
};

const MANIFEST_LIMIT = 4 << 20;

export function assetNames(folder: string): AssetNames {
  return readGuestManifest(folder)?.assets ?? DEFAULT_NAMES;
}

/** Undefined where there is none. Throws E_BAD_MANIFEST, also for an asset outside the folder, and E_IO. */
export function readGuestManifest(folder: string): GuestManifest | undefined {
  const path = join(folder, MANIFEST_NAME);
  const bytes = readIfThere(path);
  if (bytes === undefined) return undefined;
  const manifest = parseJson(bytes, path, MANIFEST_LIMIT);
  const config = manifest.field("config");
  const defaults = manifest.field("runtimeDefaults");
  return {
    buildId: manifest.field("buildId").optionalString(),
    arch: config.missing ? undefined : config.field("arch").optionalString(),
    distro: config.missing ? undefined : config.field("distro").optionalString(),
    rootfsMode: defaults.missing ? undefined : defaults.field("rootfsMode").optionalString(),
    assets: readAssets(manifest.field("assets")),
    checksums: manifest.field("checksums").stringMap(),
  };
}

function readAssets(assets: JsonValue): AssetNames {
  if (assets.missing) return DEFAULT_NAMES;
  const krunKernel = assets.field("krunKernel");
  const krunInitrd = assets.field("krunInitrd");
  return {
    kernel: fileName(assets.field("kernel")),
    initramfs: fileName(assets.field("initramfs")),
    rootfs: fileName(assets.field("rootfs")),
    ...(krunKernel.missing ? {} : { krunKernel: fileName(krunKernel) }),
    ...(krunInitrd.missing ? {} : { krunInitrd: fileName(krunInitrd) }),
  };
}

function fileName(value: JsonValue): string {
  const name = normalize(value.string());
  const outside = isAbsolute(name) || name === "." || name.split(/[\\/]/)[0] === "..";
  if (outside) throw value.error("E_BAD_MANIFEST", "the asset is not a file inside the folder");
  return name;
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (isAbsence(cause)) return undefined;
    const why = systemErrorCode(cause) ?? String(cause);
    throw new Docker2vmError("E_IO", `${path}: cannot be read (${why})`, { cause });
  }
}
