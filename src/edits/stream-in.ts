/** Files from anywhere, as a tree of their own with their contents in the image. */
import { type ContentListener, unpack } from "../layer/unpack.ts";
import { ContentDigests } from "../tree/content-digests.ts";
import type { EntryPart, FileEntry } from "../tree/entry.ts";
import { type Metadata, NO_XATTRS, type RegularFile } from "../tree/inode.ts";
import { LayerTree } from "../tree/layer-tree.ts";
import { treeDigest } from "../tree/tree-digest.ts";
import { inTurns } from "../waiting/steps.ts";
import type { EditedImage } from "./edited-image.ts";

/** Entries in lists that are good until the next. */
export type Parts = AsyncIterable<readonly EntryPart[]>;

interface Streaming {
  /** What messages call what comes. */
  readonly name: string;
  /** Whether it stands alone, and has no whiteouts. */
  readonly isWhole: boolean;
  readonly listener?: ContentListener;
}

/** What of an image takes the files. */
export async function streamIn(image: EditedImage, parts: Parts, streaming: Streaming): Promise<LayerTree> {
  const { name, isWhole, listener } = streaming;
  const { memory: budget, onWarning, onEntry } = image;
  const tree = new LayerTree(name, { budget, onWarning, onEntry, isWhole });
  const writer = image.newWriter();
  const nextArena = async (least: number) => image.nextArena(least);
  await unpack(parts, tree, { writer, nextArena, listener });
  await image.accept(writer);
  return tree;
}

/** Files that stand alone, and what tells them apart: sha256, hex. */
export async function streamFiles(
  image: EditedImage,
  parts: Parts,
  name: string,
): Promise<{ readonly tree: LayerTree; readonly digest: string }> {
  const listener = new ContentDigests();
  const tree = await streamIn(image, parts, { name, isWhole: true, listener });
  await listener.settle();
  const digest = treeDigest(tree.root, (file) => listener.of(file));
  return { tree, digest: await inTurns(digest, image.signal) };
}

/** One file of these bytes. */
export async function fileOf(
  image: EditedImage,
  bytes: Uint8Array,
  metadata: Metadata,
): Promise<RegularFile> {
  const parts = oneFile(fileEntry("file", bytes.length, metadata), [bytes]);
  const tree = await streamIn(image, parts, { name: "the file", isWhole: true });
  return tree.root.entries.get("file") as RegularFile;
}

/** A file's entry and its contents. */
export async function* oneFile(
  entry: FileEntry,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly EntryPart[]> {
  yield [{ kind: "entry", entry }];
  let offset = 0;
  for await (const bytes of chunks) {
    yield [{ kind: "contents", offset, bytes }];
    offset += bytes.length;
  }
}

export function fileEntry(path: string, size: number, metadata: Metadata): FileEntry {
  return { path, type: "file", linkname: "", size, stored: size, metadata, major: 0, minor: 0 };
}

/** Of what an edit makes, and nobody else has described. */
export function madeBy(
  { time }: Pick<EditedImage, "time">,
  mode: number,
  { uid, gid }: Pick<Metadata, "uid" | "gid"> = { uid: 0, gid: 0 },
): Metadata {
  return { mode, uid, gid, mtime: time, atime: time, ctime: time, xattrs: NO_XATTRS };
}
