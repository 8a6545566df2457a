/** What a filesystem may be asked to be. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { assert, Docker2vmError } from "../../../errors.ts";
import type { Timestamp } from "../../../tree/inode.ts";
import type { SizeChoice } from "../../kind/size.ts";
import { LABEL_SIZE } from "../format/superblock.ts";
import { UNIT_BLOCKS } from "./geometry.ts";
import type { LayoutRule } from "./layout.ts";
import { LARGEST_LOG, leastLog } from "./log-size.ts";

/** "auto": by the filesystem's size; else so many blocks. */
export type LogChoice = "auto" | { readonly blocks: number };

export interface XfsOptions {
  /** 16 bytes, not all zero. */
  readonly uuid: Uint8Array;
  /** Up to 12 bytes, one character each. */
  readonly label: string;
  /** Of the filesystem's own inodes. */
  readonly time: Timestamp;
  readonly size: SizeChoice;
  readonly log: LogChoice;
  /** Whether no kernel is ever to write to it: then nothing is spare, and the log is as short as can be. */
  readonly readOnly: boolean;
  /** Whether to make a lost+found where the tree has none. */
  readonly lostAndFound: boolean;
}

const LEAST_LOG = leastLog(UNIT_BLOCKS);
const BYTES_PER_MIB = 2 ** 20;
/** What a log can be, as the command takes it. */
export const LOG_HINT =
  `a log of xfs has from ${Math.ceil((LEAST_LOG * BLOCK_SIZE) / BYTES_PER_MIB)}M, more in a large filesystem, ` +
  `to ${Math.floor((LARGEST_LOG * BLOCK_SIZE) / BYTES_PER_MIB)}M`;

/** Throws E_USAGE for a log that no filesystem could have. */
export function checkLog(log: LogChoice): void {
  if (log === "auto" || (log.blocks >= LEAST_LOG && log.blocks <= LARGEST_LOG)) return;
  throw new Docker2vmError("E_USAGE", `a log of ${log.blocks} blocks is not possible`, { hint: LOG_HINT });
}

/** Asserts what callers must have seen to: the forms of the values. */
export function checkForms({ uuid, label }: XfsOptions): void {
  assert(uuid.length === 16 && uuid.some((byte) => byte !== 0), "the UUID must be 16 bytes, not all zero");
  assert(label.length <= LABEL_SIZE, "the label must be at most 12 bytes");
}

/** The size to look for: nothing spare for a filesystem that is never written to, unless something else is asked for. */
export function sizeToFind({ size, readOnly }: XfsOptions): SizeChoice {
  const isDefault = size.kind === "auto" && (size.free ?? "default") === "default";
  return readOnly && isDefault ? { kind: "min" } : size;
}

/** How long the log is to be. */
export function logRule({
  log,
  readOnly,
  size,
}: Pick<XfsOptions, "log" | "readOnly" | "size">): LayoutRule["log"] {
  if (log !== "auto") return log.blocks;
  return readOnly || size.kind === "min" ? "least" : "usual";
}
