/** Copies files out of a filesystem into a tar. */
import type { LeftOut } from "../destination.ts";
import type { Filesystem } from "../filesystem.ts";
import { filledContents } from "../filled.ts";
import { headerOf } from "./header.ts";
import { members } from "./member.ts";
import { extendedHeader } from "./records.ts";
import { TarWriter } from "./writer.ts";

/** Small chunks are put together up to this. */
const CHUNK = 2 ** 18;

/**
 * What is at `path` as a tar: a directory's contents, or one file under its own name. Owners, modes, times, devices,
 * further names and extended attributes are all in it; holes are zeros. What a tar cannot hold is told to `leaveOut`.
 * The chunks are only to be read. Throws E_PATH_NOT_FOUND before there is any, and what reading throws.
 */
export async function* archive(
  filesystem: Filesystem,
  path: string,
  leaveOut: (left: LeftOut) => void,
): AsyncGenerator<Uint8Array, void> {
  const writer = new TarWriter();
  void addMembers(writer, filesystem, path, leaveOut).then(
    () => writer.finish(),
    (error) => writer.fail(error),
  );
  yield* gathered(writer.chunks());
}

async function addMembers(
  writer: TarWriter,
  filesystem: Filesystem,
  path: string,
  leaveOut: (left: LeftOut) => void,
): Promise<void> {
  for (const member of members(filesystem, path, leaveOut)) {
    const contents = member.type === "file" ? filledContents(filesystem, member.inode) : [];
    await writer.add(headerOf(filesystem, member), extendedHeader(filesystem, member), contents);
  }
}

async function* gathered(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    length += chunk.length;
    if (length < CHUNK) continue;
    yield Buffer.concat(waiting, length);
    waiting = [];
    length = 0;
  }
  yield Buffer.concat(waiting, length);
}
