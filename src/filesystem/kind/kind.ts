/** What a kind of filesystem is to whoever makes an image: the conversion knows no more of any. */
import type { WrittenBlocks } from "../../blocks/content-space.ts";
import type { Piece } from "../../blocks/piece-buffer.ts";
import type { Move } from "../../blocks/relocation.ts";
import type { Cluster, Space } from "../../blocks/space.ts";
import type { ContentSink } from "../../output/stages.ts";
import type { Directory, RegularFile, Timestamp } from "../../tree/inode.ts";
import type { Steps } from "../../waiting/steps.ts";
import type { FileWriter } from "./file-writer.ts";
import type { Packer, Packing } from "./packing.ts";
import type { Sizing } from "./size.ts";

/** Every name there is, the default first. */
export const FILESYSTEM_NAMES = ["ext4", "ext3", "ext2", "erofs", "xfs"] as const;
/** The kinds that can be made. */
export type FilesystemName = (typeof FILESYSTEM_NAMES)[number];

/** What a filesystem is asked to be. What is undefined was not asked for: each kind has defaults of its own. */
export interface FilesystemOptions {
  /** Bytes, rounded down to whole blocks; "min": nothing spare; "auto": what is used, and free space. */
  readonly size?: number | "auto" | "min" | undefined;
  /** Bytes of free space, with the size "auto". */
  readonly free?: number | undefined;
  /** Inodes in all. */
  readonly inodes?: number | undefined;
  /** Bytes of the journal. */
  readonly journal?: number | "auto" | "off" | undefined;
  /** For mounting read-only alone. */
  readonly readOnly?: boolean | undefined;
  /** Whether there is a lost+found. */
  readonly lostAndFound?: boolean | undefined;
  /** How contents are compressed: "lz4:1" is fast, up to "lz4:9" it takes longer and less room; "lz4": as "lz4:1". */
  readonly compress?: "none" | "lz4" | `lz4:${number}` | undefined;
  /** Bytes that compressed contents are read by, whole blocks up to 1 MiB. */
  readonly clusterSize?: number | undefined;
}

/** A kind of filesystem that can be made. */
export interface FilesystemKind {
  readonly name: FilesystemName;
  /** What the image file is called in its folder. */
  readonly fileName: string;
  /** Most bytes of a label. */
  readonly labelBytes: number;
  /** The latest second since 1970 that an inode can say. */
  readonly latestTime: number;
  /** Checks every value. Throws E_USAGE for what no image could make right, and for what this kind has not. */
  settle(options: FilesystemOptions): FilesystemWriter;
}

/** A kind of filesystem with every option settled. */
export interface FilesystemWriter {
  readonly name: FilesystemName;
  /** What the image file is called in its folder. */
  readonly fileName: string;
  readonly sizing: Sizing;
  /** Blocks of the size asked for; undefined where the size follows from the contents. */
  readonly fixedBlocks: number | undefined;
  /** The settled options but for the size, by the names that callers know them by. */
  readonly options: Readonly<Record<string, unknown>>;
  /**
   * What tells this filesystem from others of the same tree, each fact by its name and none that is as it is by
   * default: the UUID is derived from them.
   */
  readonly facts: Readonly<Record<string, unknown>>;
  /** How contents are compressed; undefined if they are not. */
  readonly packing: Packing | undefined;
  /** Blocks that the filesystem will have; null where they depend on the contents. Throws E_FILESYSTEM_LIMIT. */
  plannedBlocks(): number | null;
  /**
   * Settles where contents may go, before they flow.
   * @param expected blocks that contents take at most
   */
  prepare(expected: number): Promise<PreparedFilesystem>;
}

/** A filesystem whose contents are about to come. */
export interface PreparedFilesystem {
  readonly space: Space;
  /** Whether it counts for a coming file how much of it is holes; false if absent. */
  readonly asksForHoles?: boolean;
  /** What takes the contents of one stream of files; without a packer they are not compressed. */
  fileWriter(sink: ContentSink, packer?: Packer | undefined): FileWriter;
  /** Where those last bytes of a file lie that no extent has, once all is flushed; undefined where there are none. */
  restOf?(file: RegularFile): FileRest | undefined;
  /** Fills `bytes` with the contents of a file that is compressed, of its stored blocks in the order of its extents. */
  unpack?(clusters: readonly Cluster[], stored: Uint8Array, bytes: Uint8Array): void;
  /**
   * Settles everything about the filesystem but the contents, which are in place. Pure: same tree, contents and
   * identity, same plan. Throws E_SIZE_TOO_SMALL with what is needed, E_FILESYSTEM_LIMIT naming the path.
   */
  plan(root: Directory, contents: WrittenBlocks, identity: FilesystemIdentity): Steps<FilesystemPlan>;
}

/** The last `length` bytes of a file, at byte `position` of the image. */
export interface FileRest {
  readonly position: number;
  readonly length: number;
}

/** What a filesystem is told apart by, and when it says it was made. */
export interface FilesystemIdentity {
  /** 16 bytes, not all zero. */
  readonly uuid: Uint8Array;
  /** 16 bytes that hashes of names begin with, where a filesystem has such. */
  readonly hashSeed: Uint8Array;
  /** At most as many bytes as the kind holds, one character each. */
  readonly label: string;
  readonly time: Timestamp;
}

/** A block to be made of pieces of the image, zeros between them. No gather writes what another one reads. */
export interface Gather {
  readonly to: number;
  /** `length` bytes from byte `from` of the image, to byte `offset` of the block. */
  readonly parts: readonly { readonly from: number; readonly offset: number; readonly length: number }[];
}

/** A filesystem that is settled down to the last block. */
export interface FilesystemPlan {
  /** Blocks of the filesystem. */
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly inodes: number;
  /** Blocks to be put together before anything is moved; absent where there are none. */
  readonly gathers?: readonly Gather[];
  /** Contents to be copied before `moves`, some of which go to where these were; absent where there are none. */
  readonly vacating?: readonly Move[];
  /** Contents to be copied before anything else is written. */
  readonly moves: readonly Move[];
  /** Whether the zeros of `emit` must be on the disk before what comes after them: some is written over them. */
  readonly reusesStale: boolean;
  /**
   * Every byte of the filesystem that is not file content: metadata, and zeros over contents that no file has any more.
   * Those zeros come first. What neither comes here nor holds contents reads as zeros in a file that was never written
   * to.
   */
  emit(): Iterable<Piece>;
}
