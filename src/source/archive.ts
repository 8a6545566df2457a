/** Images in a tar file: an OCI layout, a docker-archive, or, as docker writes since version 25, both at once. */
import type { KeyObject } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Docker2vmError, type ErrorCode } from "../errors.ts";
import type { WantedPlatform } from "../oci/platform.ts";
import { archiveStore } from "./archive-store.ts";
import { SNIFFED, sniffCompression } from "./compression.ts";
import { DOCKER_MANIFEST_FILE, resolveDockerArchive } from "./docker-archive.ts";
import { readAt, readRange, readSequentially } from "./file-reading.ts";
import type { FileStore } from "./file-store.ts";
import { LAYOUT_INDEX, resolveLayout } from "./layout.ts";
import type { ImageChoice, ImageSource, ResolvedImage, SourceOrigin } from "./source.ts";
import { type SpooledFile, type SpoolOptions, spool } from "./spool.ts";
import { inputError } from "./system-errors.ts";

export interface ArchiveOptions extends SpoolOptions {
  /** Demand a signature of the image by this key. */
  readonly verifyKey?: KeyObject | undefined;
}

/** Opens an archive by its path; what is in it decides how it is read, not what the user called it. */
export async function openArchiveFile(
  path: string,
  choice: ImageChoice,
  origin: SourceOrigin,
  options: ArchiveOptions,
): Promise<ImageSource> {
  const archive = await openSeekable(await openInput(path), path, options);
  return archiveSource(archive, path, choice, origin, options.verifyKey);
}

/** An image source from an open archive, which is closed with it. `name` is what messages call it. */
export async function archiveSource(
  { file, size }: SpooledFile,
  name: string,
  choice: ImageChoice,
  origin: SourceOrigin,
  verifyKey: KeyObject | undefined,
): Promise<ImageSource> {
  try {
    if (size === 0) {
      throw new Docker2vmError("E_BAD_ARCHIVE", `${name}: is empty`, {
        hint: "did what was to write it fail? docker save IMAGE writes an archive",
      });
    }
    const store = await archiveStore(file, size, name);
    const found = await findDocuments(store);
    return {
      origin,
      resolve: (platform) =>
        verifyKey === undefined
          ? resolveArchive(store, found, choice, platform)
          : resolveSigned(store, found, choice, platform, verifyKey),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** An archive in an open file, or what becomes of that: it is kept in the scratch folder if it cannot be read by position. */
export async function openSeekable(
  file: FileHandle,
  path: string,
  options: SpoolOptions,
): Promise<SpooledFile> {
  let keep = false;
  try {
    const found = await file.stat().catch((error: unknown) => {
      throw inputError(error, path);
    });
    if (found.isDirectory()) {
      throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${path}: is a folder`, {
        hint: `a folder with an OCI layout is given as oci:${path} (--oci-layout)`,
      });
    }
    if (!found.isFile()) return await spool(readSequentially(file.fd, path), path, options);
    keep = sniffCompression(await readAt(file.fd, 0, SNIFFED, path)) === "none";
    if (keep) return { file, size: found.size };
    return await spool(readRange(file.fd, 0, found.size, path), path, options);
  } finally {
    // Not awaited: after an abort a read of a silent pipe may still hold the handle.
    if (!keep) file.close().catch(() => undefined);
  }
}

async function openInput(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY);
  } catch (error) {
    throw inputError(error, path);
  }
}

interface Documents {
  readonly layout: boolean;
  readonly docker: boolean;
}

async function findDocuments(store: FileStore): Promise<Documents> {
  const layout = (await store.find(LAYOUT_INDEX)) !== undefined;
  const docker = (await store.find(DOCKER_MANIFEST_FILE)) !== undefined;
  if (layout || docker) return { layout, docker };
  const cutOff = store.absenceHint !== undefined;
  throw new Docker2vmError(
    cutOff ? "E_BAD_ARCHIVE" : "E_UNSUPPORTED",
    `${store.name}: is not an image: neither ${LAYOUT_INDEX} nor ${DOCKER_MANIFEST_FILE} is in the archive`,
    {
      hint:
        store.absenceHint ??
        "what docker export writes, a filesystem and not an image, is given as rootfs-tar:FILE",
    },
  );
}

/** What another description of the same image may make good. A failed check of bytes never is. */
const REPLACEABLE: ReadonlySet<ErrorCode> = new Set(["E_BAD_MANIFEST", "E_UNSUPPORTED", "E_IMAGE_NOT_FOUND"]);

/** Of several platforms that the layout lists, only one may have been saved. */
function mayBeMadeGood({ code }: Docker2vmError, { any }: WantedPlatform): boolean {
  return REPLACEABLE.has(code) || (any === true && code === "E_PLATFORM_NOT_FOUND");
}

/**
 * The layout speaks first: it states the digest of every blob. Docker 25 wrote some without layers or without
 * manifests, and lists platforms that were not saved; then its manifest.json speaks.
 */
async function resolveArchive(
  store: FileStore,
  { layout, docker }: Documents,
  choice: ImageChoice,
  platform: WantedPlatform,
): Promise<ResolvedImage> {
  if (!layout) return resolveDockerArchive(store, choice, platform);
  try {
    return await resolveLayout(store, choice, platform, undefined);
  } catch (error) {
    if (!docker || !(error instanceof Docker2vmError) || !mayBeMadeGood(error, platform)) throw error;
    return await resolveDockerArchive(store, choice, platform).catch((second: unknown) => {
      // Of two complaints the more telling one: which platform is there, else what is wrong with the layout.
      throw second instanceof Docker2vmError && second.code === "E_PLATFORM_NOT_FOUND" ? second : error;
    });
  }
}

/** Only the layout can speak where a signature is demanded: what docker adds to it is signed by nobody. */
async function resolveSigned(
  store: FileStore,
  { layout }: Documents,
  choice: ImageChoice,
  platform: WantedPlatform,
  verifyKey: KeyObject,
): Promise<ResolvedImage> {
  if (layout) return resolveLayout(store, choice, platform, verifyKey);
  throw new Docker2vmError("E_SIGNATURE", `${store.name}: is a docker archive, which carries no signature`, {
    hint: "pull the image by its name, or convert an OCI layout that its signature was copied into as well",
  });
}
