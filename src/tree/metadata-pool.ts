import type { Metadata, Timestamp } from "./inode.ts";

/** Places for what came lately, a power of two. */
const PLACES = 1024;
const PRIME = 0x01000193;

/**
 * What inodes have in common: files of one package mostly have the same owner, mode and times, and then share one
 * object. What is equal need not be the same: only what came lately is remembered.
 */
export class MetadataPool {
  readonly #recent: (Metadata | undefined)[] = new Array(PLACES).fill(undefined);

  /** This metadata, or what is equal to it and came before. */
  get(metadata: Metadata): Metadata {
    const { mode, uid, gid, mtime } = metadata;
    let hash = mode;
    for (const part of [uid, gid, mtime.seconds, mtime.nanoseconds]) hash = Math.imul(hash, PRIME) ^ part;
    const place = (hash ^ (hash >>> 16)) & (PLACES - 1);
    const recent = this.#recent[place];
    if (recent !== undefined && areEqual(recent, metadata)) return recent;
    this.#recent[place] = metadata;
    return metadata;
  }
}

function areEqual(a: Metadata, b: Metadata): boolean {
  return (
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.xattrs === b.xattrs &&
    isSameTime(a.mtime, b.mtime) &&
    isSameTime(a.atime, b.atime) &&
    isSameTime(a.ctime, b.ctime)
  );
}

function isSameTime(a: Timestamp, b: Timestamp): boolean {
  return a === b || (a.seconds === b.seconds && a.nanoseconds === b.nanoseconds);
}
