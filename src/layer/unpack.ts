import type { Run } from "../blocks/blocks.ts";
import type { FilePlace } from "../blocks/space.ts";
import { Docker2vmError } from "../errors.ts";
import type { FileWriter } from "../filesystem/kind/file-writer.ts";
import type { Inode, RegularFile } from "../tree/inode.ts";
import { directoryOf, type LayerTarget } from "../tree/layer-tree.ts";
import { isWhiteout } from "../tree/whiteouts.ts";
import type { TarEntry, TarPart } from "./tar/entries.ts";

/** Where a layer's file contents go while its tar streams by. */
export interface Contents {
  readonly writer: FileWriter;
  /** The next `least` blocks or more of the image for this layer; waits for its turn. */
  nextArena(least: number): Promise<Run>;
}

/** Unpacks a layer's entries: what they are to `target`, file contents straight into the image. */
export async function unpack(
  parts: AsyncIterable<readonly TarPart[]>,
  target: LayerTarget,
  { writer, nextArena }: Contents,
): Promise<void> {
  const unpacker = new Unpacker(target, writer);
  for await (const list of parts) {
    for (const part of list) {
      if (part.kind === "entry") {
        while (!unpacker.endFile()) await makeRoom(writer, nextArena);
        unpacker.begin(part.entry);
      } else if (unpacker.accepts) {
        writer.seek(part.offset);
        const done = writer.write(part.bytes);
        if (done < part.bytes.length) await writeRest(part.bytes.subarray(done), writer, nextArena);
      }
    }
  }
  while (!unpacker.endFile()) await makeRoom(writer, nextArena);
  writer.flush();
  target.finish();
}

async function writeRest(
  bytes: Uint8Array,
  writer: FileWriter,
  nextArena: Contents["nextArena"],
): Promise<void> {
  for (let done = 0; done < bytes.length; done += writer.write(bytes.subarray(done))) {
    await makeRoom(writer, nextArena);
  }
}

async function makeRoom(writer: FileWriter, nextArena: Contents["nextArena"]): Promise<void> {
  if (writer.wanted > 0) writer.addArena(await nextArena(writer.wanted));
  else await writer.stageFree();
}

class Unpacker {
  readonly #target: LayerTarget;
  readonly #writer: FileWriter;
  /** The file whose contents are coming. */
  #file: TarEntry | undefined;

  constructor(target: LayerTarget, writer: FileWriter) {
    this.#target = target;
    this.#writer = writer;
  }

  /** Whether the contents that come are wanted: those of a whiteout are not. */
  get accepts(): boolean {
    return this.#file !== undefined;
  }

  /** Comes after `endFile`. */
  begin(entry: TarEntry): void {
    const target = this.#target;
    if (isWhiteout(entry.path, target.name)) target.whiteout(entry.path);
    else if (entry.type === "hardlink") target.link(entry.path, entry.linkname);
    else if (entry.type === "file") {
      this.#file = entry;
      this.#writer.begin(entry);
    } else target.add(entry.path, inodeOf(entry));
  }

  /** Ends the file, if there is one; false where there must be room first. */
  endFile(): boolean {
    const file = this.#file;
    if (file === undefined) return true;
    const place = this.#writer.end();
    if (place === undefined) return false;
    this.#file = undefined;
    this.#target.add(file.path, fileOf(file, place));
    return true;
  }
}

function fileOf({ metadata, size }: TarEntry, { extents }: FilePlace): RegularFile {
  return { type: "file", metadata, size, extents };
}

function inodeOf(entry: TarEntry): Inode {
  const { metadata } = entry;
  switch (entry.type) {
    case "directory":
      return directoryOf(metadata);
    case "symlink":
      // symlink(7): permissions are always 0777, whatever an archive says.
      return { type: "symlink", metadata: { ...metadata, mode: 0o777 }, target: entry.linkname };
    case "char":
    case "block":
      return { type: entry.type, metadata, major: entry.major, minor: entry.minor };
    case "fifo":
      return { type: "fifo", metadata };
    case "file":
    case "hardlink":
      throw new Docker2vmError("E_INTERNAL", `internal error: a ${entry.type} has no inode yet`);
  }
}
