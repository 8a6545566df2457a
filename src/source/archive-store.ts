import type { FileHandle } from "node:fs/promises";
import { posix } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import { type ArchiveEntry, type ArchiveIndex, entryName, indexTar } from "../tar/archive-index.ts";
import { readAt } from "./file-reading.ts";
import type { FileStore } from "./file-store.ts";
import { readSparse } from "./sparse-reading.ts";

/** Links followed from one name; docker's own never take more than one. */
const LINK_LIMIT = 8;

/** The files of a tar archive, read by position. Names are looked up in the archive only, never in a filesystem. */
export async function archiveStore(file: FileHandle, size: number, name: string): Promise<FileStore> {
  const index = await indexTar((position, length) => readFully(file, position, length, name), size, name);
  return {
    name,
    absenceHint: index.endMarked ? undefined : "the archive has no end marker: it may be cut off",
    find: async (wanted) => {
      const entry = findEntry(index, toBytes(wanted), name);
      if (entry === undefined) return undefined;
      const where = `${name}: ${wanted}`;
      return {
        size: entry.size,
        place: isWhole(entry) ? { fd: file.fd, offset: entry.offset, size: entry.size, where } : undefined,
        read: (signal) => readSparse(file.fd, entry, where, signal),
      };
    },
    list: async (folder) => {
      const prefix = `${folder}/`;
      const below = [...index.entries.keys()].filter((entry) => entry.startsWith(prefix));
      return below
        .map((entry) => entry.slice(prefix.length))
        .filter((entry) => !entry.includes("/"))
        .sort();
    },
  };
}

/** Whether its bytes lie in the archive as they are, without a hole. */
function isWhole({ size, segments }: ArchiveEntry): boolean {
  return segments.length === 1 && segments[0]?.length === size;
}

/** Old docker saved a layer that two images share once, with symlinks in the place of the others. */
function findEntry(index: ArchiveIndex, wanted: string, where: string): ArchiveEntry | undefined {
  let name = entryName(wanted);
  for (let links = 0; links <= LINK_LIMIT; links++) {
    const entry = index.entries.get(name);
    if (entry === undefined || entry.type === "file") return entry;
    if (entry.type !== "hardlink" && entry.type !== "symlink") {
      throw new Docker2vmError("E_BAD_ARCHIVE", `${where}: the entry ${quote(name)} is not a plain file`);
    }
    // A hard link names its target from the root of the archive, a symlink from its own folder.
    const folder = entry.type === "hardlink" ? "" : posix.dirname(name);
    const target = posix.join(folder, entry.linkname);
    if (entry.linkname.startsWith("/") || target === ".." || target.startsWith("../")) {
      throw new Docker2vmError(
        "E_BAD_ARCHIVE",
        `${where}: the entry ${quote(name)} is a link out of the archive, to ${quote(entry.linkname)}`,
      );
    }
    name = entryName(target);
  }
  throw new Docker2vmError(
    "E_BAD_ARCHIVE",
    `${where}: the entry ${quote(wanted)} leads through too many links`,
  );
}

/** A name out of JSON as the archive has it: its UTF-8 bytes, one character each. */
function toBytes(name: string): string {
  return Buffer.from(name, "utf8").toString("latin1");
}

/** As many of the bytes as the file has: a single read may return fewer. */
async function readFully(
  file: FileHandle,
  position: number,
  length: number,
  where: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let got = 0;
  while (got < length) {
    const chunk = await readAt(file.fd, position + got, length - got, where);
    if (chunk.length === 0) break;
    chunks.push(chunk);
    got += chunk.length;
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}
