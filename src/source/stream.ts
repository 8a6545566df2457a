import { type FileHandle, open } from "node:fs/promises";
import { Docker2vmError } from "../errors.ts";
import { type ArchiveOptions, archiveSource, openSeekable } from "./archive.ts";
import { chunksOf } from "./byte-stream.ts";
import { formatSourceReference } from "./reference.ts";
import type { ImageSource, StandardInputSource, StreamSource } from "./source.ts";
import { spool } from "./spool.ts";

/**
 * An archive of either kind out of a stream. It is kept on disk first, unless it is a file: what says which layers make
 * the image, and in which order, comes last. Throws as spool and archiveSource do.
 */
export async function openStream(
  spec: StreamSource | StandardInputSource,
  options: ArchiveOptions,
): Promise<ImageSource> {
  const name = spec.kind === "stdin" ? "standard input" : (spec.name ?? "the stream");
  const file = spec.kind === "stdin" ? await openAgain(spec.file) : undefined;
  const archive =
    file === undefined
      ? await spool(chunksOf(spec.bytes, name), name, options, spec.kind === "stdin" && spec.areLent)
      : await openSeekable(file, name, options);
  if (archive.size === 0) {
    await archive.file.close();
    throw new Docker2vmError("E_BAD_ARCHIVE", `${name} is empty`, {
      hint: "did the command before the pipe fail? docker save IMAGE writes an archive",
    });
  }
  return archiveSource(
    archive,
    name,
    { howTo: "let one image alone come through the pipe, or name one of a file: docker-archive:FILE:TAG" },
    { kind: spec.kind, reference: formatSourceReference(spec) },
    options.verifyKey,
  );
}

/** Who was given an open file need not be allowed to open it: then its bytes are taken as they come. */
function openAgain(file: string | undefined): Promise<FileHandle | undefined> {
  return file === undefined ? Promise.resolve(undefined) : open(file, "r").catch(() => undefined);
}
