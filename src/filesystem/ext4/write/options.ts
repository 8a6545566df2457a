/** What a filesystem may be asked to be, and what that comes to. */

import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { assert, Docker2vmError } from "../../../errors.ts";
import type { Timestamp } from "../../../tree/inode.ts";
import type { SizeChoice } from "../../kind/size.ts";
import type { Geometry } from "./geometry.ts";
import type { LayoutRule } from "./group-layout.ts";
import type { Variant } from "./variant.ts";

/** "auto": as long as mke2fs makes it; "off": none; else so many blocks. */
export type JournalChoice = "auto" | "off" | { readonly blocks: number };

export interface Ext4Options {
  /** 16 bytes, not all zero. */
  readonly uuid: Uint8Array;
  /** 16 bytes that directory hashes begin with. */
  readonly hashSeed: Uint8Array;
  /** Up to 16 bytes, one character each. */
  readonly label: string;
  /** Of the superblock, the journal's inode and lost+found. */
  readonly time: Timestamp;
  readonly size: SizeChoice;
  /** Inodes in all, rounded up to whole blocks of them in each group; absent: the tree's and some to spare. */
  readonly inodes?: number | undefined;
  readonly journal: JournalChoice;
  /**
   * Whether no kernel is ever to write to it: the filesystem says so, has no journal, no inodes to spare and, unless a
   * size or free space is asked for, no room to spare.
   */
  readonly readOnly: boolean;
  /** Whether to make a lost+found where the tree has none. */
  readonly lostAndFound: boolean;
}

export const LABEL_SIZE = 16;
/** JBD2_MIN_JOURNAL_BLOCKS (include/linux/jbd2.h) and mke2fs's own bound (e2fsprogs misc/util.c). */
export const LEAST_JOURNAL = 1024;
const LARGEST_JOURNAL = 10_240_000;
const BLOCKS_PER_MIB = 2 ** 20 / BLOCK_SIZE;
/** What a journal can be, as the command takes it. */
export const JOURNAL_HINT =
  `a journal has from ${LEAST_JOURNAL / BLOCKS_PER_MIB}M to ${LARGEST_JOURNAL / BLOCKS_PER_MIB}M ` +
  `(${LEAST_JOURNAL} to ${LARGEST_JOURNAL} blocks of ${BLOCK_SIZE} bytes); "off" is for none`;
/** 32 bits count them, and each of up to 2^20 groups rounds its own up to 16. */
const MOST_INODES = 2 ** 32 - 2 ** 24;

/** Asserts what callers must have seen to: the forms of the values. */
export function checkForms({ maximumBlocks }: Geometry, { uuid, hashSeed, label, size }: Ext4Options): void {
  assert(uuid.length === 16 && uuid.some((byte) => byte !== 0), "the UUID must be 16 bytes, not all zero");
  assert(hashSeed.length === 16, "the hash seed must be 16 bytes");
  assert(label.length <= LABEL_SIZE, "the label must be at most 16 bytes");
  assert(size.kind !== "fixed" || size.blocks <= maximumBlocks, "the size asked for exceeds the geometry's");
}

/** The size to look for: nothing spare for a filesystem that is never written to, unless something else is asked for. */
export function sizeToFind({ size, readOnly }: Ext4Options): SizeChoice {
  const isDefault = size.kind === "auto" && (size.free ?? "default") === "default";
  return readOnly && isDefault ? { kind: "min" } : size;
}

/**
 * What each size's layout follows, for a tree with so many inodes in use (reserved ones included). Throws E_USAGE for
 * a journal that cannot be, E_SIZE_TOO_SMALL for fewer inodes than are in use and E_FILESYSTEM_LIMIT for too many.
 */
export function layoutRule(options: Ext4Options, variant: Variant, usedInodes: number): LayoutRule {
  const spares = !options.readOnly && options.size.kind !== "min";
  return {
    variant,
    usedInodes,
    inodes: askedInodes(options.inodes, usedInodes) ?? (spares ? "usual" : "least"),
    journal: journalLength(options, variant),
  };
}

function askedInodes(inodes: number | undefined, used: number): number | undefined {
  if (inodes === undefined) return undefined;
  if (inodes > MOST_INODES) {
    throw new Docker2vmError(
      "E_FILESYSTEM_LIMIT",
      `${inodes} inodes were asked for; there can be at most ${MOST_INODES}`,
      { hint: "ask for fewer inodes" },
    );
  }
  if (inodes >= used) return inodes;
  throw new Docker2vmError(
    "E_SIZE_TOO_SMALL",
    `the image needs ${used} inodes, the filesystem's own included; ${inodes} were asked for`,
    { hint: `ask for ${used} inodes or more, or leave their number to the program` },
  );
}

/** Throws E_USAGE for a journal that cannot be. */
export function checkJournal(
  { journal, readOnly }: Pick<Ext4Options, "journal" | "readOnly">,
  variant: Variant,
): void {
  const refusal = journalRefusal(journal, readOnly, variant);
  if (refusal !== undefined) throw new Docker2vmError("E_USAGE", refusal.problem, { hint: refusal.hint });
}

function journalLength({ journal, readOnly }: Ext4Options, variant: Variant): number | "usual" {
  checkJournal({ journal, readOnly }, variant);
  if (typeof journal !== "string") return journal.blocks;
  return journal === "off" || readOnly || variant.journal === "never" ? 0 : "usual";
}

interface Refusal {
  readonly problem: string;
  readonly hint: string;
}

function journalRefusal(journal: JournalChoice, readOnly: boolean, variant: Variant): Refusal | undefined {
  if (variant.journal === "always" && (journal === "off" || readOnly)) {
    return {
      problem: `${variant.name} always has a journal, and here none is possible`,
      hint: "ask for ext2, which is the same without a journal, or for ext4",
    };
  }
  if (typeof journal === "string") return undefined;
  if (variant.journal === "never") {
    return { problem: `${variant.name} has no journal`, hint: "ask for ext3 or ext4, or for no journal" };
  }
  if (readOnly) {
    return {
      problem: "a read-only filesystem has no use for a journal",
      hint: "leave the journal out, or ask for a filesystem that is written to",
    };
  }
  if (Number.isSafeInteger(journal.blocks) && within(journal.blocks, LEAST_JOURNAL, LARGEST_JOURNAL)) {
    return undefined;
  }
  return {
    problem: `a journal of ${journal.blocks} blocks is not possible`,
    hint: JOURNAL_HINT,
  };
}

function within(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}
