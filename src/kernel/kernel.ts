/** A kernel that somebody has: found, and asked what it can do. */
import { open, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readAt } from "../source/file-reading.ts";
import { inputError } from "../source/system-errors.ts";
import { embeddedConfig, KernelConfig } from "./config.ts";
import { type FeatureStates, featureStates } from "./features.ts";
import { type KernelFiles, MODULE_FOLDERS } from "./files.ts";
import { openFolder } from "./folder.ts";
import { AR_MAGIC } from "./format/ar.ts";
import { type KernelImage, readKernelImage } from "./image.ts";
import { noKernel, unsuitable } from "./kernel-error.ts";
import { KernelModules } from "./modules.ts";
import { openAlpinePackage, openDebianPackage, type PackageReading } from "./package.ts";
import { readWholeFile } from "./whole-file.ts";

export interface Kernel {
  /** As the user named it. */
  readonly where: string;
  readonly image: KernelImage;
  /** The image's own name: a path within a package or folder, or the file. */
  readonly imagePath: string;
  /** The image's path on this machine; undefined where it is in a package. */
  readonly imageOnDisk: string | undefined;
  readonly bytes: Uint8Array;
  /** Undefined where there are none beside it. */
  readonly modules: KernelModules | undefined;
  /** Of what the features are known. */
  readonly knownFrom: readonly ("config" | "modules")[];
  readonly features: FeatureStates;
  close(): Promise<void>;
}

const KERNELS =
  "name a kernel, a folder with boot/vmlinuz-…, or a package with one: Debian's linux-image-VERSION, on which linux-image-cloud-amd64 and its like only depend";
const SEVERAL = "name one of them, or a folder with one kernel alone";
const IMAGE_NAMES = /^(?:vmlinu[xz]|Image|bzImage|kernel)/;

/**
 * Finds the kernel in a package or folder, or takes the file for one; beside a file in "boot" its modules are looked
 * for in ../lib/modules. Throws E_IMAGE_NOT_FOUND, E_UNSUPPORTED, E_BAD_ARCHIVE, E_LIMIT, E_IO.
 */
export async function openKernel(path: string, reading: PackageReading = {}): Promise<Kernel> {
  const kind = await kindOf(path);
  if (kind === "file") return await openImageFile(path);
  const opened =
    kind === "folder"
      ? await openFolder(path)
      : await (kind === "deb" ? openDebianPackage : openAlpinePackage)(path, reading);
  try {
    return await kernelIn(opened, imageIn(opened));
  } catch (error) {
    await opened.close();
    throw error;
  }
}

type Kind = "folder" | "deb" | "apk" | "file";

async function kindOf(path: string): Promise<Kind> {
  try {
    const status = await stat(path);
    if (status.isDirectory()) return "folder";
    // A device may have no end.
    if (!status.isFile()) throw unsuitable(path, "it is neither a file nor a folder", KERNELS);
    const file = await open(path, "r");
    try {
      const head = Buffer.from(await readAt(file.fd, 0, 1 << 16, path));
      if (head.toString("latin1", 0, AR_MAGIC.length) === AR_MAGIC) return "deb";
      return isPackageOfAlpine(head) ? "apk" : "file";
    } finally {
      await file.close();
    }
  } catch (error) {
    throw inputError(error, path);
  }
}

/** Its first tar holds a signature, or .PKGINFO; what else is in gzip may be a kernel. Version 3 is no tar. */
function isPackageOfAlpine(head: Buffer): boolean {
  if (head[0] !== 0x1f || head[1] !== 0x8b) return false;
  try {
    const start = gunzipSync(head, { finishFlush: 2 });
    return /^\.(?:SIGN|PKGINFO)/.test(start.toString("latin1", 0, 16));
  } catch {
    return false;
  }
}

async function openImageFile(path: string): Promise<Kernel> {
  const root = join(dirname(path), "..");
  const beside = basename(dirname(path)) === "boot" ? await openFolder(root) : undefined;
  const inRoot = `boot/${basename(path)}`;
  if (beside?.paths.includes(inRoot)) return { ...(await kernelIn(beside, inRoot)), where: path };
  const folder: KernelFiles = {
    where: path,
    paths: [path],
    onDisk: (each) => each,
    read: readWholeFile,
    close: async () => undefined,
  };
  return await kernelIn(folder, path);
}

/** In boot, or beside the modules. Throws where there is none, or more than one. */
function imageIn({ where, paths }: KernelFiles): string {
  const images = paths.filter((path) => {
    const folder = dirname(path);
    const place = folder === "boot" || MODULE_FOLDERS.some((modules) => dirname(folder) === modules);
    return place && IMAGE_NAMES.test(basename(path));
  });
  const [image, second] = images;
  if (image === undefined) {
    throw noKernel(where, "there is no kernel in it", KERNELS);
  }
  if (second !== undefined)
    throw unsuitable(where, `several kernels are in it: ${images.join(", ")}`, SEVERAL);
  return image;
}

async function kernelIn(files: KernelFiles, imagePath: string): Promise<Kernel> {
  const bytes = await files.read(imagePath);
  const image = await readKernelImage(bytes, files.where);
  const version = image.version ?? versionInName(imagePath);
  const modules = version === undefined ? undefined : await KernelModules.of(files, version);
  const config = (await configBeside(files, imagePath, version)) ?? (await configWithin(image));
  return {
    where: files.where,
    image: { ...image, version },
    imagePath,
    imageOnDisk: files.onDisk(imagePath),
    bytes,
    modules,
    knownFrom: [
      ...(config === undefined ? [] : ["config" as const]),
      ...(modules === undefined ? [] : ["modules" as const]),
    ],
    features: featureStates(image.architecture, config, modules),
    close: () => files.close(),
  };
}

/** "vmlinuz-6.1.0-50-cloud-amd64", or "lib/modules/6.1.0/vmlinuz". */
function versionInName(path: string): string | undefined {
  const name = basename(path);
  const dash = name.indexOf("-");
  if (dash !== -1) return name.slice(dash + 1);
  return /lib\/modules\/([^/]+)\//.exec(path)?.[1];
}

async function configBeside(
  files: KernelFiles,
  imagePath: string,
  version: string | undefined,
): Promise<KernelConfig | undefined> {
  const suffix = basename(imagePath).replace(IMAGE_NAMES, "");
  const names = [`boot/config${suffix}`, `boot/config-${version}`];
  if (version !== undefined) names.push(...MODULE_FOLDERS.map((folder) => `${folder}/${version}/config`));
  const path = names.find((name) => files.paths.includes(name));
  return path === undefined
    ? undefined
    : new KernelConfig(Buffer.from(await files.read(path)).toString("latin1"));
}

async function configWithin(image: KernelImage): Promise<KernelConfig | undefined> {
  const unpacked = await image.unpacked();
  return unpacked === undefined ? undefined : embeddedConfig(unpacked);
}
