/** The files that Gondolin boots beside a root filesystem, and the manifest that names them (its AssetManifest). */
import { openExt4 } from "../../filesystem/ext4/read/filesystem.ts";
import { ImageFile } from "../../filesystem/reading/image.ts";
import { cpioArchive } from "../../initramfs/cpio.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { finished } from "../../waiting/steps.ts";
import { isExecutable } from "../additions.ts";
import type { FinishedImage } from "../profile.ts";
import type { BaseBundle } from "./base-bundle.ts";
import { type AssetChecksums, assetBuildId } from "./build-id.ts";
import { fileContents, writeHashed } from "./checked-copy.ts";
import { MANIFEST_NAME } from "./guest-manifest.ts";
import { moduleFiles } from "./kernel-modules.ts";

/** What `gondolin build` calls them. */
const NAMES = {
  kernel: "vmlinuz-virt",
  initramfs: "initramfs.cpio.lz4",
  rootfs: "rootfs.ext4",
  krunKernel: "krun-kernel",
  krunInitrd: "krun-empty-initrd",
} as const;

/** Where the manifest says nothing of the distribution; Gondolin builds its guests from Alpine. */
const DISTRO = "alpine";

/** The names of the files that `writeAssets` makes. */
export function outputNames(base: BaseBundle): string[] {
  return [
    NAMES.kernel,
    NAMES.initramfs,
    ...(base.krunKernel === undefined ? [] : [NAMES.krunKernel]),
    ...(base.krunInitrd === undefined ? [] : [NAMES.krunInitrd]),
    MANIFEST_NAME,
  ];
}

/** `modules`: names of kernel modules that the initramfs is to hold. */
export async function writeAssets(
  image: FinishedImage,
  base: BaseBundle,
  modules: readonly string[],
): Promise<void> {
  const { krunKernel, krunInitrd } = base;
  const rootfs = await image.rootfsDigest();
  const copy = (name: string, from: string): string => writeHashed(image.path(name), fileContents(from));
  const checksums: AssetChecksums = {
    kernel: copy(NAMES.kernel, base.kernel),
    initramfs: writeHashed(image.path(NAMES.initramfs), initramfs(base, modules)),
    rootfs,
    ...(krunKernel === undefined ? {} : { krunKernel: copy(NAMES.krunKernel, krunKernel) }),
    ...(krunInitrd === undefined ? {} : { krunInitrd: copy(NAMES.krunInitrd, krunInitrd) }),
  };
  const text = `${JSON.stringify(manifestOf(image, base, checksums), undefined, 2)}\n`;
  writeHashed(image.path(MANIFEST_NAME), [Buffer.from(text)]);
}

/**
 * The base's initramfs and before it an archive of the modules that it may lack. Its own modules.dep knows them all,
 * so that its modprobe finds them.
 */
function* initramfs(base: BaseBundle, modules: readonly string[]): Generator<Uint8Array, void> {
  const { filesystem } = base;
  const files = moduleFiles(filesystem, modules).map(({ path, file }) => ({
    path,
    executable: isExecutable(file),
    ...filesystem.source(file),
  }));
  if (files.length > 0) yield* cpioArchive(files);
  yield* fileContents(base.initramfs);
}

/**
 * Of the base's config only what holds for the new image. There is no `ociSource`: it would have to name docker or
 * podman as the program that exported the image.
 */
function manifestOf(image: FinishedImage, base: BaseBundle, checksums: AssetChecksums): object {
  const { architecture, manifest } = base;
  const label = labelOf(image.path(NAMES.rootfs));
  const rootfsMode = manifest?.rootfsMode;
  return {
    version: 1,
    buildId: assetBuildId(checksums, architecture),
    config: {
      arch: architecture,
      distro: manifest?.distro ?? DISTRO,
      ...(label === "" ? {} : { rootfs: { label } }),
    },
    ...(rootfsMode === undefined ? {} : { runtimeDefaults: { rootfsMode } }),
    buildTime: new Date(image.time.seconds * 1000).toISOString(),
    assets: Object.fromEntries(Object.entries(NAMES).filter(([asset]) => Object.hasOwn(checksums, asset))),
    checksums,
    source: { manifestDigest: image.manifestDigest, platform: formatPlatform(image.platform) },
  };
}

/** s_volume_name: up to 16 bytes, zeros behind them. */
function labelOf(rootfs: string): string {
  const image = new ImageFile(rootfs);
  try {
    const name = finished(openExt4(image)).superblock.fields.s_volume_name;
    return Buffer.from(name).toString("utf8").split("\0")[0] ?? "";
  } finally {
    image.close();
  }
}
