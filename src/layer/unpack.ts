import type { Run } from "../blocks/blocks.ts";
import { Docker2vmError } from "../errors.ts";
import type { FileWriter } from "../filesystem/kind/file-writer.ts";
import type { EntryPart, FileEntry } from "../tree/entry.ts";
import { directoryOf, type Inode, type Metadata, type RegularFile } from "../tree/inode.ts";
import type { LayerTarget } from "../tree/layer-tree.ts";
import { MetadataPool } from "../tree/metadata-pool.ts";
import { placedFile } from "../tree/placed-file.ts";

/** Where the contents of files go while they stream by. */
export interface Contents {
  readonly writer: FileWriter;
  /** The next `least` blocks or more of the image for this stream; waits for its turn. */
  nextArena(least: number): Promise<Run>;
  /** Hears of the contents as well; absent: nobody does. */
  readonly listener?: ContentListener | undefined;
}

/** Hears what the files hold, one after another. */
export interface ContentListener {
  /** A file begins. */
  begin?(entry: FileEntry): void;
  /** Bytes of the file that is under way; good until what is returned has resolved, or if nothing is, until the return. */
  write(offset: number, bytes: Uint8Array): Promise<void> | undefined;
  /** All of them have come. */
  end(file: RegularFile): void;
}

/** Unpacks entries: what they are to `target`, file contents straight into the image. */
export async function unpack(
  parts: AsyncIterable<readonly EntryPart[]>,
  target: LayerTarget,
  contents: Contents,
): Promise<void> {
  const unpacker = new Unpacker(target, contents);
  await unpacker.feed(parts);
  await unpacker.finish();
}

/** The same in several steps: entries may come from one place, and go on from another. */
export class Unpacker {
  readonly #target: LayerTarget;
  readonly #writer: FileWriter;
  readonly #nextArena: Contents["nextArena"];
  readonly #listener: ContentListener | undefined;
  readonly #metadata = new MetadataPool();
  /** The file whose contents are coming. */
  #file: FileEntry | undefined;

  constructor(target: LayerTarget, { writer, nextArena, listener }: Contents) {
    this.#target = target;
    this.#writer = writer;
    this.#nextArena = nextArena;
    this.#listener = listener;
  }

  async feed(parts: AsyncIterable<readonly EntryPart[]>): Promise<void> {
    for await (const list of parts) {
      for (const part of list) {
        const waiting = this.#take(part);
        // A turn of the event loop for every entry would cost more than the entry.
        if (waiting !== undefined) await waiting;
      }
    }
  }

  /** Takes the next part; where there must be room for it first, the rest is to be waited for. */
  #take(part: EntryPart): Promise<void> | undefined {
    if (part.kind === "entry") {
      if (!this.#endFile()) return this.#endAndBegin(part.entry);
      this.#begin(part.entry);
      return undefined;
    }
    // The contents of a whiteout are not wanted.
    if (this.#file === undefined) return undefined;
    const { offset, bytes } = part;
    const heard = this.#listener?.write(offset, bytes);
    this.#writer.seek(offset);
    const done = this.#writer.write(bytes);
    const written = done < bytes.length ? this.#writeRest(bytes.subarray(done)) : undefined;
    return heard === undefined ? written : both(heard, written);
  }

  /** Nothing more comes: ends the last file and has everything written out. */
  async finish(): Promise<void> {
    while (!this.#endFile()) await this.#makeRoom();
    while (!this.#writer.flush()) await this.#makeRoom();
    this.#target.finish();
  }

  async #endAndBegin(entry: FileEntry): Promise<void> {
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

  #begin(entry: FileEntry): void {
    const target = this.#target;
    if (target.isWhiteout(entry.path)) target.whiteout(entry.path);
    else if (entry.type === "hardlink") target.link(entry.path, entry.linkname);
    else if (entry.type === "file") {
      this.#file = entry;
      this.#writer.begin(entry);
      this.#listener?.begin?.(entry);
    } else target.add(entry.path, inodeOf(entry, this.#metadata));
  }

  /** Ends the file, if there is one; false where there must be room first. */
  #endFile(): boolean {
    const file = this.#file;
    if (file === undefined) return true;
    const place = this.#writer.end();
    if (place === undefined) return false;
    this.#file = undefined;
    const made = placedFile(this.#metadata.get(file.metadata), file.size, place);
    this.#target.add(file.path, made);
    this.#listener?.end(made);
    return true;
  }
}

async function both(one: Promise<void>, other: Promise<void> | undefined): Promise<void> {
  await Promise.all([one, other]);
}

function inodeOf(entry: FileEntry, pool: MetadataPool): Inode {
  const metadata = pool.get(asKept(entry));
  switch (entry.type) {
    case "directory":
      return directoryOf(metadata);
    case "symlink":
      return { type: "symlink", metadata, target: entry.linkname, order: 0 };
    case "char":
    case "block":
      return { type: entry.type, metadata, major: entry.major, minor: entry.minor };
    case "fifo":
    case "socket":
      return { type: entry.type, metadata };
    case "file":
    case "hardlink":
      throw new Docker2vmError("E_INTERNAL", `internal error: a ${entry.type} has no inode yet`);
  }
}

/** symlink(7): permissions are always 0777, whatever an archive says. */
function asKept({ type, metadata }: FileEntry): Metadata {
  return type === "symlink" && metadata.mode !== 0o777 ? { ...metadata, mode: 0o777 } : metadata;
}
