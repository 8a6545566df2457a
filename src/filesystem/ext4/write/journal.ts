/** The journal: an inode of its own whose blocks are all zero but for the first. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { encode, viewOf } from "../../../blocks/field.ts";
import { NO_XATTRS, type RegularFile, type Timestamp } from "../../../tree/inode.ts";
import { JBD2_MAGIC_NUMBER, JBD2_SUPERBLOCK_V2, JOURNAL_SUPERBLOCK } from "../format/journal.ts";
import { type Mapping, mappedBlocks } from "./mapping.ts";
import type { PlannedInode } from "./planned-inode.ts";
import { NOT_ATTRIBUTED } from "./planned-xattrs.ts";

export function journalInode(mapping: Mapping, time: Timestamp): PlannedInode {
  const metadata = { mode: 0o600, uid: 0, gid: 0, mtime: time, atime: time, ctime: time, xattrs: NO_XATTRS };
  const size = mappedBlocks(mapping.extents) * BLOCK_SIZE;
  const node: RegularFile = { type: "file", metadata, size, extents: mapping.extents };
  return {
    node,
    parent: 0,
    name: "",
    links: 1,
    extents: mapping.extents,
    directory: undefined,
    xattrs: NOT_ATTRIBUTED,
    valueInode: undefined,
  };
}

/** Writes the superblock of an empty journal into a block of zeros. */
export function encodeJournalSuperblock(mapping: Mapping, uuid: Uint8Array, block: Uint8Array): void {
  encode(JOURNAL_SUPERBLOCK, viewOf(block), 0, {
    h_magic: JBD2_MAGIC_NUMBER,
    h_blocktype: JBD2_SUPERBLOCK_V2,
    s_blocksize: BLOCK_SIZE,
    s_maxlen: mappedBlocks(mapping.extents),
    s_first: 1,
    s_sequence: 1,
    s_uuid: uuid,
    s_nr_users: 1,
  });
}
