import { Docker2vmError } from "../errors.ts";
import type { Run } from "../output/blocks.ts";
import type { ContentWriter } from "../output/content-writer.ts";
import type { Inode } from "../tree/inode.ts";
import { directoryOf, isWhiteout, type LayerTarget } from "../tree/layer-tree.ts";
import type { TarEntry } from "./tar/entries.ts";

/** Where a layer's file contents go while its tar streams by. */
export interface Contents {
  readonly writer: ContentWriter;
  /** The next piece of the image for this layer; waits for its turn. */
  nextArena(): Promise<readonly Run[]>;
}

/** Unpacks a layer's entries: what they are to `target`, file contents straight into the image. */
export async function unpack(
  entries: AsyncIterable<TarEntry>,
  target: LayerTarget,
  contents: Contents,
): Promise<void> {
  for await (const entry of entries) {
    if (isWhiteout(entry.path, target.name)) target.whiteout(entry.path);
    else if (entry.type === "hardlink") target.link(entry.path, entry.linkname);
    else target.add(entry.path, await inodeOf(entry, contents));
  }
  contents.writer.flush();
}

async function inodeOf(entry: TarEntry, contents: Contents): Promise<Inode> {
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
      return { type: "file", metadata, size: entry.size, extents: await store(entry, contents) };
    case "hardlink":
      throw new Docker2vmError("E_INTERNAL", "internal error: a hard link has no inode of its own");
  }
}

async function store(entry: TarEntry, { writer, nextArena }: Contents) {
  writer.begin();
  for await (const { offset, bytes } of entry.data) {
    writer.seek(offset);
    for (let done = writer.write(bytes); done < bytes.length; ) {
      writer.addArena(await nextArena());
      done += writer.write(bytes.subarray(done));
    }
  }
  return writer.end();
}
