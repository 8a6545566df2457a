import { Docker2vmError } from "../errors.ts";
import { geometryFor } from "../ext4/geometry.ts";
import {
  checkJournal,
  JOURNAL_HINT,
  type JournalChoice,
  LEAST_JOURNAL,
  type SizeChoice,
} from "../ext4/options.ts";
import type { VariantName } from "../ext4/variant.ts";
import { BLOCK_SIZE } from "../output/blocks.ts";
import type { ConvertOptions } from "./options.ts";

/** What the filesystem is to be, every value checked. All of it takes part in the filesystem's UUID (identity.ts). */
export interface FilesystemRequest {
  readonly fs: VariantName;
  readonly size: SizeChoice;
  readonly inodes: number | undefined;
  readonly journal: JournalChoice;
  readonly readOnly: boolean;
  readonly lostAndFound: boolean;
  readonly verity: boolean;
}

const SIZE_HINT = `a size is a whole number of bytes from ${BLOCK_SIZE} on; "min" is the smallest that holds the image`;
const FREE_HINT = "free space is a whole number of bytes, and may be 0";
const VARIANTS: readonly VariantName[] = ["ext4", "ext3", "ext2"];

/** Throws E_USAGE for what no image could make right. */
export function filesystemRequest(options: ConvertOptions): FilesystemRequest {
  const { fs = "ext4", inodes, readOnly = false, lostAndFound = true, verity = false } = options;
  if (!VARIANTS.includes(fs)) {
    throw new Docker2vmError("E_USAGE", `${JSON.stringify(fs)} is no filesystem that can be made`, {
      hint: `choose one of ${VARIANTS.join(", ")}`,
    });
  }
  const journal = journalChoice(options.journal);
  checkJournal({ journal, readOnly }, geometryFor(1, fs).variant);
  if (inodes !== undefined && !(Number.isSafeInteger(inodes) && inodes > 0)) {
    throw new Docker2vmError("E_USAGE", `${inodes} is not a number of inodes`, {
      hint: "give a whole number above 0",
    });
  }
  return { fs, size: sizeChoice(options), inodes, journal, readOnly, lostAndFound, verity };
}

function sizeChoice({ size = "auto", free }: ConvertOptions): SizeChoice {
  if (free !== undefined && size !== "auto") {
    throw new Docker2vmError("E_USAGE", "a size and free space contradict each other", {
      hint: "give the one or the other",
    });
  }
  if (size === "min") return { kind: "min" };
  if (size !== "auto") {
    return {
      kind: "fixed",
      blocks: wholeBlocks(size, { what: "a size", least: BLOCK_SIZE, hint: SIZE_HINT }),
    };
  }
  if (free === undefined) return { kind: "auto", free: "default" };
  return { kind: "auto", free: wholeBlocks(free, { what: "free space", least: 0, hint: FREE_HINT }) };
}

function journalChoice(journal: ConvertOptions["journal"] = "auto"): JournalChoice {
  if (journal === "auto" || journal === "off") return journal;
  const least = LEAST_JOURNAL * BLOCK_SIZE;
  return { blocks: wholeBlocks(journal, { what: "a journal", least, hint: JOURNAL_HINT }) };
}

function wholeBlocks(
  bytes: number,
  { what, least, hint }: { readonly what: string; readonly least: number; readonly hint: string },
): number {
  if (Number.isSafeInteger(bytes) && bytes >= least) return Math.floor(bytes / BLOCK_SIZE);
  throw new Docker2vmError("E_USAGE", `${what} of ${bytes} bytes is not possible`, { hint });
}
