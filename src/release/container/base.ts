/** The image that the container image is made on, from wherever this program reads images. */
import { tmpdir } from "node:os";
import { convertInto } from "../../convert/convert-into.ts";
import { Docker2vmError } from "../../errors.ts";
import { quote } from "../../oci/quote.ts";
import { MemoryTarget } from "../../output/target.ts";
import type { FilesystemImage } from "../../reader/filesystem-image.ts";
import { openImage } from "../../reader/open-image.ts";
import { openSource } from "../../source/open.ts";
import { isRootfs, parseSourceReference } from "../../source/reference.ts";
import type { ImageSource, ImageSpec } from "../../source/source.ts";
import type { LinuxNeeds, Target } from "../targets.ts";

/** Folders that the loaders of Linux look in, with the architecture's own where Debian puts libraries. */
const LIBRARY_FOLDERS: Readonly<Record<LinuxNeeds["architecture"], readonly string[]>> = {
  amd64: ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"],
  arm64: ["/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"],
};

export interface Base {
  /** As `docker2vm convert` takes it. */
  readonly reference: string;
  /** Where layers are kept that were pulled: they are looked into, and then copied. */
  readonly cache: string;
}

/** The base's source. Throws E_USAGE for what has no layers that could be copied. */
export function baseSource(reference: string): ImageSpec {
  const spec = parseSourceReference(reference);
  if (!isRootfs(spec)) return spec;
  throw new Docker2vmError(
    "E_USAGE",
    `${quote(reference)} cannot be a base: it is files, and no image in layers`,
    {
      hint: "name a container image: gcr.io/distroless/cc-debian12:nonroot, oci:PATH, docker-archive:PATH",
    },
  );
}

/** Opens the base; the caller closes it. */
export function openBase({ reference, cache }: Base): Promise<ImageSource> {
  return openSource(baseSource(reference), {
    scratchFolder: tmpdir(),
    registry: { environment: process.env, cacheFolder: cache },
  });
}

/**
 * That one of the executables for an architecture which starts on the base: by the C library that is there. Reads and checks
 * all of the base. Throws what a conversion of it would, and E_UNSUPPORTED where none of them would start, with what is
 * missing.
 */
export async function targetFor(
  base: Base,
  architecture: LinuxNeeds["architecture"],
  offered: readonly Target[],
): Promise<Target> {
  const platform = `linux/${architecture}`;
  const memory = new MemoryTarget();
  await convertInto(memory, {
    source: baseSource(base.reference),
    platform,
    registry: { environment: process.env, cacheFolder: base.cache },
  });
  const files = await openImage(memory.bytes);
  try {
    const lacks: string[] = [];
    for (const target of offered) {
      const missing = target.linux === undefined ? [] : await missingFor(target.linux, files);
      if (missing.length === 0) return target;
      lacks.push(`${target.name} lacks ${missing.join(", ")}`);
    }
    throw new Docker2vmError(
      "E_UNSUPPORTED",
      `no executable for ${platform} starts on the base ${base.reference}: ${lacks.join("; ")}`,
      {
        hint: "take a base with glibc, such as distroless base or cc, or one with musl, libstdc++ and libgcc and a --target for it",
      },
    );
  } finally {
    files.close();
  }
}

async function missingFor(
  { architecture, interpreter, libraries }: LinuxNeeds,
  files: FilesystemImage,
): Promise<readonly string[]> {
  const missing = (await isFile(files, interpreter)) ? [] : [interpreter];
  for (const library of libraries) {
    const places = LIBRARY_FOLDERS[architecture].map((folder) => `${folder}/${library}`);
    if (!(await anyIsFile(files, places))) missing.push(library);
  }
  return missing;
}

async function anyIsFile(files: FilesystemImage, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if (await isFile(files, path)) return true;
  return false;
}

/** Through symlinks, as the kernel looks. */
async function isFile(files: FilesystemImage, path: string): Promise<boolean> {
  try {
    for await (const chunk of files.read(path)) if (chunk.length > 0) return true;
    return false;
  } catch (error) {
    if (error instanceof Docker2vmError && error.code === "E_PATH_NOT_FOUND") return false;
    throw error;
  }
}
