/** A root filesystem in one tar: what `docker export`, mmdebstrap and the makers of minimal root filesystems write. */
import { Docker2vmError } from "../errors.ts";
import { tarParts } from "../layer/tar/entries.ts";
import type { RootfsTarSource, SourceOrigin } from "../source/source.ts";
import type { EntryPart } from "../tree/entry.ts";
import type { ReadOptions, RootFilesystem } from "./root-filesystem.ts";
import { emptyTar, openStoredTar, type StoredTar, uncompressedTar } from "./stored-tar.ts";

/** Throws E_IMAGE_NOT_FOUND, E_BAD_ARCHIVE for an empty file, E_IO. */
export async function openFlatTar(spec: RootfsTarSource, origin: SourceOrigin): Promise<RootFilesystem> {
  const name = spec.path ?? spec.name ?? "the tar";
  const stored = await openStoredTar(spec, name);
  return {
    origin,
    name,
    size: stored.size,
    warnings: [],
    read: (options) => entries(stored, name, options),
    check: (names) => checkRoot([...names], name),
    close: () => stored.close(),
  };
}

async function* entries(
  stored: StoredTar,
  name: string,
  { signal, inflate, attributes, onWarning, onBytes }: ReadOptions,
): AsyncGenerator<readonly EntryPart[]> {
  const howTo = (compression: string): string =>
    `${compression} -dc ${name} | docker2vm convert rootfs-tar:-`;
  const tar = heard(uncompressedTar(stored, name, { signal, inflate, howTo }), onBytes);
  let found = false;
  try {
    for await (const parts of tarParts(tar, { layer: name, onWarning, attributes })) {
      found = true;
      yield parts;
    }
  } catch (error) {
    throw found ? ofTar(error) : hinted(error);
  }
  if (!found) throw emptyTar(name);
}

/** What is no tar from its first byte on is something else. */
function hinted(error: unknown): unknown {
  if (!(error instanceof Docker2vmError) || error.code !== "E_BAD_LAYER") return ofTar(error);
  return new Docker2vmError("E_BAD_ARCHIVE", error.message, {
    hint: "is it a tar? the image of a filesystem is given as image:FILE, an image as docker save writes it as docker-archive:FILE",
    cause: error,
  });
}

/** What is wrong with a layer is mended by other means than what is wrong with this tar. */
function ofTar(error: unknown): unknown {
  const isOfLayers =
    error instanceof Docker2vmError && (error.code === "E_BAD_LAYER" || error.code === "E_BAD_COMPRESSION");
  if (!isOfLayers) return error;
  return new Docker2vmError(error.code, error.message, {
    hint: "the tar was written wrongly or is damaged: write it again, or copy it again",
    cause: error,
  });
}

async function* heard(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    onBytes(chunk.length);
    yield chunk;
  }
}

/** What stands in an archive of an image beside what is called after a digest. */
const DOCKER_NAMES =
  /^(?:manifest\.json|repositories|oci-layout|index\.json|blobs|[0-9a-f]{64}(?:\.json|\.tar)?)$/;

/** An archive with an image in it is a tar as well. Throws E_UNSUPPORTED for one. */
function checkRoot(names: readonly string[], name: string): void {
  const isLayout = names.includes("oci-layout") && names.includes("index.json");
  if (!(isLayout || names.includes("manifest.json"))) return;
  if (!names.every((each) => DOCKER_NAMES.test(each))) return;
  throw new Docker2vmError("E_UNSUPPORTED", `${name}: holds an image in layers, not its files`, {
    hint: `give it as ${isLayout ? "oci-archive" : "docker-archive"}:FILE`,
  });
}
