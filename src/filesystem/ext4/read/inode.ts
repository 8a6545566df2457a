/** Inodes, decoded. */

import { lazily, type Values, viewOf } from "../../../blocks/field.ts";
import type { Timestamp } from "../../../tree/inode.ts";
import { MODE_TYPE } from "../../../tree/mode.ts";
import { type FileType, inodeName, type TypedInode } from "../../reading/filesystem.ts";
import { crc } from "../format/checksum.ts";
import {
  EXT4_CASEFOLD_FL,
  EXT4_ENCRYPT_FL,
  EXT4_EXTENTS_FL,
  EXT4_GOOD_OLD_INODE_SIZE,
  EXT4_INDEX_FL,
  EXT4_INLINE_DATA_FL,
  EXTRA_ISIZE,
  INODE,
} from "../format/inode.ts";
import { broken } from "./broken.ts";
import { seedOfInode } from "./superblock.ts";
import type { Volume } from "./volume.ts";

const FLAGS = {
  encrypted: EXT4_ENCRYPT_FL,
  casefold: EXT4_CASEFOLD_FL,
  extents: EXT4_EXTENTS_FL,
  indexed: EXT4_INDEX_FL,
  inline: EXT4_INLINE_DATA_FL,
} as const;

const DECODED_SIZE = EXT4_GOOD_OLD_INODE_SIZE + EXTRA_ISIZE;
const TYPE_BITS = 0o170000;
const MAXIMUM_NANOSECONDS = 999_999_999;
/** Fields past the first 128 bytes count only as far as i_extra_isize reaches. */
const EXTRA_BEGINS = EXT4_GOOD_OLD_INODE_SIZE;

const TYPES = new Map(Object.entries(MODE_TYPE).map(([type, bits]) => [bits as number, type as FileType]));

const inodeFields = lazily(INODE);

/** An inode as it is on disk, its halves put together. A scan meets millions of them: all but its type is read when asked for. */
export class FileInode implements Omit<TypedInode, "type"> {
  readonly number: number;
  /** Undefined where i_mode says no type: the inode is not in use, or broken. */
  readonly type: FileType | undefined;
  /** All bytes of the inode. */
  readonly bytes: Uint8Array;
  /** The fields; zeros where i_extra_isize does not reach. */
  readonly view: DataView;
  readonly fields: Readonly<Values<typeof INODE>>;
  /** Whether i_extra_isize is possible. If not, it counts as 0. */
  readonly extraSizeIsValid: boolean;
  readonly #volume: Volume;

  constructor(volume: Volume, number: number, bytes: Uint8Array) {
    const raw = viewOf(bytes);
    const room = bytes.length - EXTRA_BEGINS;
    const extra = room === 0 ? 0 : INODE.i_extra_isize.get(raw, 0);
    this.number = number;
    this.bytes = bytes;
    this.extraSizeIsValid = extraSizeIsPossible(extra, bytes.length);
    this.view = this.extraSizeIsValid && extra >= EXTRA_ISIZE ? raw : viewOf(this.#paddedFields(extra));
    this.fields = inodeFields(this.view);
    this.type = TYPES.get(this.fields.i_mode & TYPE_BITS);
    this.#volume = volume;
  }

  get mode(): number {
    return this.fields.i_mode & 0o7777;
  }

  get uid(): number {
    return this.fields.l_i_uid_high * 2 ** 16 + this.fields.i_uid;
  }

  get gid(): number {
    return this.fields.l_i_gid_high * 2 ** 16 + this.fields.i_gid;
  }

  get size(): number {
    const { i_size_lo, i_size_high } = this.fields;
    if (i_size_high === 0) return i_size_lo;
    const sized = this.type === "file" || this.#volume.has("large_dir");
    return (sized ? i_size_high * 2 ** 32 : 0) + i_size_lo;
  }

  get links(): number {
    return this.fields.i_links_count;
  }

  get mtime(): Timestamp {
    return timestamp(this.fields.i_mtime, this.fields.i_mtime_extra);
  }

  get atime(): Timestamp {
    return timestamp(this.fields.i_atime, this.fields.i_atime_extra);
  }

  get ctime(): Timestamp {
    return timestamp(this.fields.i_ctime, this.fields.i_ctime_extra);
  }

  #paddedFields(extra: number): Uint8Array {
    const padded = new Uint8Array(DECODED_SIZE);
    padded.set(this.bytes.subarray(0, DECODED_SIZE));
    const reach = this.extraSizeIsValid ? Math.max(extra, INODE.i_extra_isize.width) : 0;
    padded.fill(0, Math.min(EXTRA_BEGINS + reach, DECODED_SIZE));
    return padded;
  }
}

/** Whether i_extra_isize, or what the superblock says of it, can be so many bytes of such inodes. */
export function extraSizeIsPossible(extra: number, inodeSize: number): boolean {
  return inodeSize === EXTRA_BEGINS || (extra <= inodeSize - EXTRA_BEGINS && extra % 4 === 0);
}

export function hasFlag(inode: FileInode, flag: keyof typeof FLAGS): boolean {
  return (inode.fields.i_flags & FLAGS[flag]) !== 0;
}

/** Reads an inode and checks its checksum. Throws E_INVALID_FILESYSTEM for a number that no inode has. */
export function readInode(volume: Volume, number: number): FileInode {
  const { superblock } = volume;
  const where = inodeName(number);
  if (!Number.isInteger(number) || number < 1 || number > superblock.fields.s_inodes_count) {
    throw broken(where, `there is none: the filesystem has ${superblock.fields.s_inodes_count}`);
  }
  const group = Math.floor((number - 1) / superblock.inodesPerGroup);
  const at = ((number - 1) % superblock.inodesPerGroup) * superblock.inodeSize;
  const place = volume.descriptor(group).inodeTable + Math.floor(at / superblock.blockSize);
  const block = volume.block(place, where);
  const offset = at % superblock.blockSize;
  const inode = new FileInode(volume, number, block.subarray(offset, offset + superblock.inodeSize));
  if (!inodeChecksumIsRight(volume, inode)) throw broken(where, "its checksum is wrong");
  if (!inode.extraSizeIsValid) throw broken(where, `i_extra_isize cannot be ${inode.fields.i_extra_isize}`);
  return inode;
}

/** ext4_decode_extra_time: 32 signed bits of seconds, two bits of epoch, nanoseconds above them. */
function timestamp(low: number, extra: number): Timestamp {
  return {
    seconds: (low | 0) + (extra & 3) * 2 ** 32,
    nanoseconds: Math.min(extra >>> 2, MAXIMUM_NANOSECONDS),
  };
}

/** Whether the checksum is right; true where there is none. An inode of nothing but zeros needs none either. */
export function inodeChecksumIsRight(volume: Volume, { bytes, number }: FileInode): boolean {
  if (!volume.has("metadata_csum")) return true;
  if (scratch.length !== bytes.length) scratch = new Uint8Array(bytes.length);
  scratch.set(bytes);
  seal(volume, number, scratch);
  const view = viewOf(bytes);
  const sealed = viewOf(scratch);
  const isSame = CHECKSUMS.every(
    (field) => field.offset >= bytes.length || field.get(view, 0) === field.get(sealed, 0),
  );
  return isSame || bytes.every((byte) => byte === 0);
}

const CHECKSUMS = [INODE.l_i_checksum_lo, INODE.i_checksum_hi];
/** Every inode of a filesystem is as long as the last. */
let scratch = new Uint8Array(0);

/** The inode's bytes with the checksum that they are to have; as they are where inodes have none. */
export function sealedInode(volume: Volume, number: number, bytes: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(bytes);
  if (volume.has("metadata_csum")) seal(volume, number, sealed);
  return sealed;
}

function seal(volume: Volume, number: number, bytes: Uint8Array): void {
  const view = viewOf(bytes);
  INODE.l_i_checksum_lo.put(view, 0, 0);
  const high = INODE.i_checksum_hi;
  const extra = bytes.length > EXTRA_BEGINS ? INODE.i_extra_isize.get(view, 0) : 0;
  const hasHigh = extra >= high.offset + high.width - EXTRA_BEGINS;
  if (hasHigh) high.put(view, 0, 0);
  const seed = seedOfInode(volume.superblock.seed, number, INODE.i_generation.get(view, 0));
  const checksum = crc(seed, bytes);
  INODE.l_i_checksum_lo.put(view, 0, checksum);
  if (hasHigh) high.put(view, 0, checksum >>> 16);
}
