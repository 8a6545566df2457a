import { Docker2vmError } from "../errors.ts";
import { type ArchiveOptions, archiveSource } from "./archive.ts";
import { formatSourceReference } from "./reference.ts";
import type { ImageSource } from "./source.ts";
import { spool } from "./spool.ts";
import { inputError } from "./system-errors.ts";

/**
 * An archive of either kind on standard input. It is kept on disk first: what says which layers make the image, and
 * in which order, comes last. Throws as spool and archiveSource do.
 */
export async function openStdin(
  input: AsyncIterable<Uint8Array>,
  options: ArchiveOptions,
  name = "standard input",
): Promise<ImageSource> {
  const archive = await spool(readable(input, name), name, options);
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
    { kind: "stdin", reference: formatSourceReference({ kind: "stdin" }) },
    options.verifyKey,
  );
}

async function* readable(input: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* input;
  } catch (error) {
    throw inputError(error, name);
  }
}
