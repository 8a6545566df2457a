import { BLOCK_SIZE } from "../../blocks/blocks.ts";
import { LEAST_RUN_BLOCKS } from "../../blocks/space.ts";
import { Docker2vmError } from "../../errors.ts";
import { ContentWriter } from "../../output/content-writer.ts";
import type { FilesystemKind, FilesystemOptions, FilesystemPlan, FilesystemWriter } from "../kind/kind.ts";
import { type SizeChoice, sizeChoice, sizingOf, wholeBlocks } from "../kind/size.ts";
import { checkUncompressed } from "../kind/uncompressed.ts";
import { LATEST_TIME } from "./format/inode.ts";
import { emitExt4 } from "./write/emit.ts";
import { geometryFor, groupsIn, INODES_PER_BLOCK, largestTable, reservedRunAfter } from "./write/geometry.ts";
import { usableBlocks } from "./write/group-layout.ts";
import type { InodeCount } from "./write/inode-count.ts";
import {
  checkJournal,
  JOURNAL_HINT,
  type JournalChoice,
  LABEL_SIZE,
  LEAST_JOURNAL,
} from "./write/options.ts";
import { type Ext4Plan, planExt4 } from "./write/plan.ts";
import { VARIANTS, type VariantName } from "./write/variant.ts";

/** Options with every value checked and every default filled in. */
interface Settings {
  readonly fs: VariantName;
  readonly size: SizeChoice;
  readonly inodes: number | undefined;
  readonly journal: JournalChoice;
  readonly readOnly: boolean;
  readonly lostAndFound: boolean;
}

/** Of all three: whoever mounts ext4 mounts ext3 and ext2. */
const FILE_NAME = "rootfs.ext4";

export const EXT4 = kindOf("ext4");
export const EXT3 = kindOf("ext3");
export const EXT2 = kindOf("ext2");

function kindOf(name: VariantName): FilesystemKind {
  return {
    name,
    fileName: FILE_NAME,
    labelBytes: LABEL_SIZE,
    latestTime: LATEST_TIME,
    settle: (options) => writerOf(settingsOf(name, options)),
  };
}

function settingsOf(fs: VariantName, options: FilesystemOptions): Settings {
  const { inodes, readOnly = false, lostAndFound = true } = options;
  checkUncompressed(options, fs);
  const journal = journalChoice(options.journal);
  checkJournal({ journal, readOnly }, VARIANTS[fs]);
  if (inodes !== undefined && !(Number.isSafeInteger(inodes) && inodes > 0)) {
    throw new Docker2vmError("E_USAGE", `${inodes} is not a number of inodes`, {
      hint: "give a whole number above 0",
    });
  }
  return { fs, size: sizeChoice(options.size, options.free), inodes, journal, readOnly, lostAndFound };
}

function journalChoice(journal: FilesystemOptions["journal"] = "auto"): JournalChoice {
  if (journal === "auto" || journal === "off") return journal;
  const least = LEAST_JOURNAL * BLOCK_SIZE;
  return { blocks: wholeBlocks(journal, { what: "a journal", least, hint: JOURNAL_HINT }) };
}

function writerOf(settings: Settings): FilesystemWriter {
  const { fs, size, inodes, journal, readOnly, lostAndFound } = settings;
  const fixedBlocks = size.kind === "fixed" ? size.blocks : undefined;
  return {
    name: fs,
    fileName: FILE_NAME,
    sizing: sizingOf(size, !readOnly),
    fixedBlocks,
    options: { inodes, journal, readOnly, lostAndFound },
    facts: factsOf(settings),
    packing: undefined,
    plannedBlocks: () => plannedBlocks(settings),
    prepare: async (expected) => {
      const free = size.kind === "auto" && typeof size.free === "number" ? size.free : 0;
      // Of a filesystem whose size is chosen, up to half is what describes the contents, and free space.
      const geometry = geometryFor(Math.max(2 * expected + free, fixedBlocks ?? 0), fs);
      return {
        space: {
          end: Math.max(expected, fixedBlocks ?? 0),
          leastRun: LEAST_RUN_BLOCKS,
          remedy: "give the size with --size if the image is meant to be that large",
          reservedAfter: (block) => reservedRunAfter(geometry, block),
        },
        fileWriter: (sink) => new ContentWriter(sink),
        *plan(root, contents, identity) {
          const { end, written } = contents;
          const { fs: _fs, ...asked } = settings;
          return planOf(yield* planExt4(root, { end, written, geometry }, { ...identity, ...asked }));
        },
      };
    },
  };
}

function planOf(plan: Ext4Plan): FilesystemPlan {
  const { blocks, freeBlocks, inodes, placement } = plan;
  const { moves, reusesStale } = placement;
  return { blocks, freeBlocks, inodes, moves, reusesStale, emit: () => emitExt4(plan) };
}

function factsOf({ fs, size, inodes, journal, readOnly, lostAndFound }: Settings): FilesystemWriter["facts"] {
  const unless = <T>(value: T, usual: T): T | undefined => (value === usual ? undefined : value);
  return {
    fs: unless(fs, "ext4"),
    size: size.kind === "fixed" ? size.blocks : unless(size.kind, "auto"),
    free: size.kind === "auto" ? unless(size.free, "default") : undefined,
    inodes,
    journal: typeof journal === "object" ? journal.blocks : unless(journal, "auto"),
    readOnly: unless(readOnly, false),
    lostAndFound: unless(lostAndFound, true),
  };
}

/**
 * A last group that is too short for what lies at its start is left out. How much that is may depend on the number of
 * files: where the fewest inodes and the most come to the same, that is it.
 */
function plannedBlocks({ size, fs, inodes, readOnly }: Settings): number | null {
  if (size.kind !== "fixed") return null;
  const { variant } = geometryFor(size.blocks, fs);
  const most = groupsIn(size.blocks) * largestTable(variant) * INODES_PER_BLOCK;
  const counts: readonly InodeCount[] =
    inodes === undefined ? [readOnly ? "least" : "usual", most] : [inodes];
  const [blocks = null, ...others] = new Set(
    counts.map((count) => usableBlocks(size.blocks, { variant, usedInodes: 0, inodes: count, journal: 0 })),
  );
  return others.length === 0 ? blocks : null;
}
