/** Copies files out of a filesystem into a tar. */

import { itemsInTurns } from "../../../waiting/steps.ts";
import { atPath } from "../broken.ts";
import type { LeftOut } from "../destination.ts";
import type { ReadableFilesystem } from "../filesystem.ts";
import { filledContents } from "../filled.ts";
import { headerOf } from "./header.ts";
import { type Member, members } from "./member.ts";
import { extendedHeader } from "./records.ts";
import { TarWriter } from "./writer.ts";

export interface ArchiveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether a member goes in; all of them if absent. */
  readonly include?: ((member: Member) => boolean) | undefined;
}

/**
 * What is at `path` as a tar: a directory's contents, or one file under its own name. Owners, modes, times, devices,
 * further names and extended attributes are all in it; holes are zeros. What a tar cannot hold is told to `leaveOut`.
 * The chunks are only to be read. Throws E_PATH_NOT_FOUND before there is any, what reading throws, and the signal's
 * reason once it has fired.
 */
export async function* archive(
  filesystem: ReadableFilesystem,
  path: string,
  leaveOut: (left: LeftOut) => void,
  options: ArchiveOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const { signal, include = () => true } = options;
  const writer = new TarWriter();
  for await (const member of itemsInTurns(members(filesystem, path, leaveOut), signal)) {
    if (!include(member)) continue;
    begin(writer, filesystem, member);
    if (member.type === "file") yield* contents(writer, filesystem, member, signal);
    writer.end();
    yield* writer.take();
  }
  writer.finish();
  yield* writer.take();
}

/** Has a file's contents written, and gives on what is ready meanwhile. */
async function* contents(
  writer: TarWriter,
  filesystem: ReadableFilesystem,
  { path, inode }: Member,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  const pieces = itemsInTurns(filledContents(filesystem, inode), signal);
  for (;;) {
    const { value: bytes } = await pieces.next().catch((error) => {
      throw atPath(error, path);
    });
    if (bytes === undefined) return;
    writer.write(bytes);
    yield* writer.take();
  }
}

function begin(writer: TarWriter, filesystem: ReadableFilesystem, member: Member): void {
  try {
    writer.begin(headerOf(filesystem, member), extendedHeader(filesystem, member));
  } catch (error) {
    throw atPath(error, member.path);
  }
}
