/** Files and folders from this machine, and tars, put into an image. */
import { createHash } from "node:crypto";
import { tarParts } from "../layer/tar/entries.ts";
import { asBytes } from "../profile/shell-words.ts";
import { fileEntries, folderEntries } from "../rootfs/folder.ts";
import { idMaps } from "../rootfs/ownership.ts";
import { type StoredTar, uncompressedTar } from "../rootfs/stored-tar.ts";
import { readRange } from "../source/file-reading.ts";
import { keep } from "../source/spool.ts";
import { overlay } from "../tree/overlay.ts";
import { groupId, userId } from "./accounts.ts";
import type { AddEdit } from "./edit.ts";
import type { EditedImage } from "./edited-image.ts";
import type { AddSource, LooseBytes } from "./open.ts";
import { mergeFolder, placeForFile } from "./places.ts";
import { fileEntry, madeBy, oneFile, type Parts, streamFiles, streamIn } from "./stream-in.ts";

/** What bytes are, of which nothing says more. */
const PLAIN_MODE = 0o644;
/** What a single file is called on its way: what it is called here makes no difference. */
const ON_THE_WAY = "file";

interface Addition {
  readonly edit: AddEdit;
  readonly source: AddSource;
  readonly fileName: string | undefined;
}

/** Returns what tells it from every other addition. */
export async function add(
  image: EditedImage,
  { edit, source, fileName }: Addition,
  name: string,
): Promise<readonly unknown[]> {
  const owner = { uid: await userId(image, edit.user ?? 0), gid: await groupId(image, edit.group ?? 0) };
  const path = asBytes(edit.path);
  const onWarning = named(image, name);
  const options = { ...image, ids: idMaps({ owner }), onWarning, isContentWithout: true };
  if (source.kind === "folder") {
    const { tree, digest } = await streamFiles(
      image,
      dated(folderEntries(source.path, options), image),
      name,
    );
    mergeFolder(image, path, tree.root);
    return [path, digest];
  }
  const found = "path" in source ? fileEntries(source.path, options) : fileOfBytes(image, source, owner);
  const parts = dated(found, image, { path: ON_THE_WAY, mode: edit.mode });
  const { tree, digest } = await streamFiles(image, parts, name);
  const inode = tree.root.entries.get(ON_THE_WAY);
  const place = placeForFile(image, path, fileName);
  if (inode !== undefined) place.parent.entries.set(place.name, inode);
  return [place.path, digest];
}

async function* fileOfBytes(
  image: EditedImage,
  source: LooseBytes,
  owner: { readonly uid: number; readonly gid: number },
): Parts & AsyncGenerator {
  const metadata = madeBy(image, PLAIN_MODE, owner);
  if (source.kind === "bytes") {
    yield* oneFile(fileEntry(ON_THE_WAY, source.bytes.length, metadata), [source.bytes]);
    return;
  }
  const { signal, scratch, onBytes } = image;
  let counted = 0;
  const onSpool = (bytes: number): void => {
    onBytes(bytes - counted);
    counted = bytes;
  };
  const { file, size } = await keep(source.bytes, { ...scratch, signal, onSpool });
  try {
    const chunks = readRange(file.fd, 0, size, source.name, signal);
    yield* oneFile(fileEntry(ON_THE_WAY, size, metadata), chunks);
  } finally {
    await file.close();
  }
}

interface Other {
  readonly path: string;
  readonly mode: number | undefined;
}

/** The files with the image's time, for theirs are those of this machine; one file by another path and mode. */
async function* dated(parts: Parts, { time }: EditedImage, other?: Other): Parts & AsyncGenerator {
  for await (const list of parts) {
    yield list.map((part) => {
      if (part.kind !== "entry") return part;
      const { path, metadata } = part.entry;
      const mode = other?.mode ?? metadata.mode;
      const changed = { ...metadata, mode, mtime: time, atime: time, ctime: time };
      return {
        kind: "entry" as const,
        entry: { ...part.entry, path: other?.path ?? path, metadata: changed },
      };
    });
  }
}

/** Lays the tar over the image. Returns what tells it from every other tar. */
export async function addTar(
  image: EditedImage,
  { tar, name }: { readonly tar: StoredTar; readonly name: string },
): Promise<readonly unknown[]> {
  const { signal, inflate, attributes } = image;
  const hash = createHash("sha256");
  async function* counted(): AsyncGenerator<Uint8Array> {
    const howTo = (compression: string): string => `${compression} -dc ${name}`;
    for await (const chunk of uncompressedTar(tar, name, { signal, inflate, howTo })) {
      image.onBytes(chunk.length);
      hash.update(chunk);
      yield chunk;
    }
  }
  const parts = tarParts(counted(), { layer: name, onWarning: named(image, name), attributes });
  const tree = await streamIn(image, parts, { name, isWhole: false });
  overlay(image.root, tree, { onWarning: (message) => image.onWarning(message) });
  return [hash.digest("hex")];
}

function named(image: EditedImage, name: string): (message: string) => void {
  return (message) => image.onWarning(`${name}: ${message}`);
}
