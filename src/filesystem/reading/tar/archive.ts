/** Copies files out of a filesystem into a tar. */

import { itemsInTurns, type Paused } from "../../../waiting/steps.ts";
import { atPath } from "../broken.ts";
import type { LeftOut } from "../destination.ts";
import type { ReadableFilesystem } from "../filesystem.ts";
import { filledContents } from "../filled.ts";
import { headerOf } from "./header.ts";
import { type Member, members } from "./member.ts";
import { extendedHeader } from "./records.ts";
import { TarWriter } from "./writer.ts";

/** Small chunks are put together up to this. */
const CHUNK = 2 ** 18;
/** From how many bytes on a chunk goes out as it is. */
const LARGE = 2 ** 16;

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
  const writer = new TarWriter();
  void addMembers(writer, filesystem, members(filesystem, path, leaveOut), options).then(
    () => writer.finish(),
    (error) => writer.fail(error),
  );
  yield* gathered(writer.chunks());
}

async function addMembers(
  writer: TarWriter,
  filesystem: ReadableFilesystem,
  listed: Paused<Member>,
  { signal, include = () => true }: ArchiveOptions,
): Promise<void> {
  for await (const member of itemsInTurns(listed, signal)) {
    if (!include(member)) continue;
    const contents =
      member.type === "file" ? itemsInTurns(filledContents(filesystem, member.inode), signal) : [];
    try {
      await writer.add(headerOf(filesystem, member), extendedHeader(filesystem, member), contents);
    } catch (error) {
      throw atPath(error, member.path);
    }
  }
}

/** Small chunks together, large ones as they are: to copy what files hold would cost as much as to read it. */
async function* gathered(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const isLarge = chunk.length >= LARGE;
    if (!isLarge) {
      waiting.push(chunk);
      length += chunk.length;
    }
    if (length > 0 && (isLarge || length >= CHUNK)) {
      yield Buffer.concat(waiting, length);
      waiting = [];
      length = 0;
    }
    if (isLarge) yield chunk;
  }
  if (length > 0) yield Buffer.concat(waiting, length);
}
