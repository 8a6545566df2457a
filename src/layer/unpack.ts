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
  contents: Contents,
): Promise<void> {
  const unpacker = new Unpacker(target, contents);
  for await (const list of parts) {
    for (const part of list) {
      const waiting = unpacker.take(part);
      // A turn of the event loop for every entry would cost more than the entry.
      if (waiting !== undefined) await waiting;
    }
  }
  await unpacker.finish();
  target.finish();
}

class Unpacker {
  readonly #target: LayerTarget;
  readonly #writer: FileWriter;
  readonly #nextArena: Contents["nextArena"];
  /** The file whose contents are coming. */
  #file: TarEntry | undefined;

  constructor(target: LayerTarget, { writer, nextArena }: Contents) {
    this.#target = target;
    this.#writer = writer;
    this.#nextArena = nextArena;
  }

  /** Takes the next part; where there must be room for it first, the rest is to be waited for. */
  take(part: TarPart): Promise<void> | undefined {
    if (part.kind === "entry") {
      if (!this.#endFile()) return this.#endAndBegin(part.entry);
      this.#begin(part.entry);
      return undefined;
    }
    // The contents of a whiteout are not wanted.
    if (this.#file === undefined) return undefined;
    this.#writer.seek(part.offset);
    const done = this.#writer.write(part.bytes);
    return done < part.bytes.length ? this.#writeRest(part.bytes.subarray(done)) : undefined;
  }

  /** Ends the last file and has everything written out. */
  async finish(): Promise<void> {
    while (!this.#endFile()) await this.#makeRoom();
    while (!this.#writer.flush()) await this.#makeRoom();
  }

  async #endAndBegin(entry: TarEntry): Promise<void> {
    while (!this.#endFile()) await this.#makeRoom();
    this.#begin(entry);
  }

  async #writeRest(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; done += this.#writer.write(bytes.subarray(done))) {
      await this.#makeRoom();
    }
  }

  async #makeRoom(): Promise<void> {
    const { wanted } = this.#writer;
    if (wanted > 0) this.#writer.addArena(await this.#nextArena(wanted));
    else await this.#writer.stageFree();
  }

  #begin(entry: TarEntry): void {
    const target = this.#target;
    if (isWhiteout(entry.path, target.name)) target.whiteout(entry.path);
    else if (entry.type === "hardlink") target.link(entry.path, entry.linkname);
    else if (entry.type === "file") {
      this.#file = entry;
      this.#writer.begin(entry);
    } else target.add(entry.path, inodeOf(entry));
  }

  /** Ends the file, if there is one; false where there must be room first. */
  #endFile(): boolean {
    const file = this.#file;
    if (file === undefined) return true;
    const place = this.#writer.end();
    if (place === undefined) return false;
    this.#file = undefined;
    this.#target.add(file.path, fileOf(file, place));
    return true;
  }
}

function fileOf({ metadata, size }: TarEntry, { extents, slot, packed }: FilePlace): RegularFile {
  return { type: "file", metadata, size, extents, slot, packed };
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
