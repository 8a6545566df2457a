import { BLOCK_SIZE } from "../../blocks/blocks.ts";
import { LEAST_RUN_BLOCKS } from "../../blocks/space.ts";
import { Docker2vmError } from "../../errors.ts";
import { ContentWriter } from "../../output/content-writer.ts";
import type { FilesystemKind, FilesystemOptions, FilesystemWriter } from "../kind/kind.ts";
import { type SizeChoice, sizeChoice, sizingOf, wholeBlocks } from "../kind/size.ts";
import { checkUncompressed } from "../kind/uncompressed.ts";
import { LATEST_TIME } from "./format/inode.ts";
import { LABEL_SIZE } from "./format/superblock.ts";
import { MOST_BLOCKS, reservedRunAfter } from "./write/geometry.ts";
import { layoutOf } from "./write/layout.ts";
import { checkLog, LOG_HINT, type LogChoice, logRule } from "./write/options.ts";

/** Options with every value checked and every default filled in. */
interface Settings {
  readonly size: SizeChoice;
  readonly log: LogChoice;
  readonly readOnly: boolean;
  readonly lostAndFound: boolean;
}

const FILE_NAME = "rootfs.xfs";

export const XFS: FilesystemKind = {
  name: "xfs",
  fileName: FILE_NAME,
  labelBytes: LABEL_SIZE,
  latestTime: LATEST_TIME,
  settle: (options) => writerOf(settingsOf(options)),
};

function settingsOf(options: FilesystemOptions): Settings {
  const { inodes, readOnly = false, lostAndFound = false } = options;
  checkUncompressed(options, "xfs");
  if (inodes !== undefined) {
    throw new Docker2vmError("E_USAGE", "xfs has no fixed number of inodes: it makes them as files come", {
      hint: "leave the number of inodes out; free space is room for them",
    });
  }
  const log = logChoice(options.journal);
  checkLog(log);
  return { size: sizeChoice(options.size, options.free), log, readOnly, lostAndFound };
}

function logChoice(journal: FilesystemOptions["journal"] = "auto"): LogChoice {
  if (journal === "auto") return journal;
  if (journal === "off") {
    throw new Docker2vmError("E_USAGE", "xfs always has a journal: its log is part of the format", {
      hint: "leave the journal out, or ask for ext4 or ext2 without one",
    });
  }
  return { blocks: wholeBlocks(journal, { what: "a log", least: BLOCK_SIZE, hint: LOG_HINT }) };
}

function writerOf(settings: Settings): FilesystemWriter {
  const { size, log, readOnly, lostAndFound } = settings;
  const fixedBlocks = size.kind === "fixed" ? size.blocks : undefined;
  return {
    name: "xfs",
    fileName: FILE_NAME,
    sizing: sizingOf(size, !readOnly),
    fixedBlocks,
    options: { journal: log, readOnly, lostAndFound },
    facts: factsOf(settings),
    packing: undefined,
    plannedBlocks: () => plannedBlocks(settings),
    prepare: async (expected) => {
      checkSize(fixedBlocks ?? 0);
      // Loaded only here: most conversions make another filesystem.
      const [{ planXfs }, { emitXfs }] = await Promise.all([
        import("./write/plan.ts"),
        import("./write/emit.ts"),
      ]);
      return {
        space: {
          end: Math.max(expected, fixedBlocks ?? 0),
          leastRun: LEAST_RUN_BLOCKS,
          remedy: "give the size with --size if the image is meant to be that large",
          reservedAfter: reservedRunAfter,
        },
        fileWriter: (sink) => new ContentWriter(sink),
        *plan(root, contents, identity) {
          const plan = yield* planXfs(root, contents, { ...identity, ...settings });
          const { blocks, freeBlocks, inodes, placement } = plan;
          const { moves, reusesStale } = placement;
          return { blocks, freeBlocks, inodes, moves, reusesStale, emit: () => emitXfs(plan) };
        },
      };
    },
  };
}

function factsOf({ size, log, readOnly, lostAndFound }: Settings): FilesystemWriter["facts"] {
  const unless = <T>(value: T, usual: T): T | undefined => (value === usual ? undefined : value);
  return {
    fs: "xfs",
    size: size.kind === "fixed" ? size.blocks : unless(size.kind, "auto"),
    free: size.kind === "auto" ? unless(size.free, "default") : undefined,
    journal: log === "auto" ? undefined : log.blocks,
    readOnly: unless(readOnly, false),
    lostAndFound: unless(lostAndFound, false),
  };
}

/** A last group that is too short is left out. */
function plannedBlocks({ size, log, readOnly }: Settings): number | null {
  if (size.kind !== "fixed") return null;
  checkSize(size.blocks);
  return layoutOf(size.blocks, { log: logRule({ size, log, readOnly }) })?.blocks ?? null;
}

function checkSize(blocks: number): void {
  if (blocks <= MOST_BLOCKS) return;
  throw new Docker2vmError(
    "E_FILESYSTEM_LIMIT",
    `a filesystem of ${blocks * BLOCK_SIZE} bytes; xfs is made with at most ${MOST_BLOCKS * BLOCK_SIZE}`,
    { hint: "ask for a smaller one" },
  );
}
