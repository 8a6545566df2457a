import { blockCells } from "./facts/block-cells.ts";
import type { FileList } from "./facts/file-list.ts";
import type { MergedName } from "./facts/merge-trees.ts";
import type { ComparisonReport, Duplicates, FilesystemMap, ImageReport } from "./facts/report.ts";
import { packedComparison, packedList } from "./pack-tree.ts";
import type { BlockMap, ComparisonPage, ImagePage } from "./page/data.ts";

const MOST_DUPLICATES = 300;
/** Paths of one group. */
const MOST_PATHS = 50;
const MOST_FILES = 2000;
const CELLS = 128 * 48;

/** What a page of one image shows: folders are summed up there, of lists without an end it has the first. */
export function imagePage(report: ImageReport, list: FileList): ImagePage {
  const { folders: _, filesystem, duplicates, moreDuplicates, ...facts } = report;
  return {
    report: { ...facts, duplicates: duplicates.slice(0, MOST_DUPLICATES).map(shortened) },
    moreDuplicates: moreDuplicates + Math.max(0, duplicates.length - MOST_DUPLICATES),
    tree: packedList(list),
    blocks: filesystem === null ? null : blockMap(filesystem),
  };
}

function shortened(group: Duplicates): Duplicates {
  return { ...group, paths: group.paths.slice(0, MOST_PATHS) };
}

function blockMap({ rows, ...map }: FilesystemMap): BlockMap {
  return { ...map, ...blockCells(rows, map.blocks, CELLS) };
}

/** What a page of two images shows. */
export function comparisonPage(report: ComparisonReport, names: readonly MergedName[]): ComparisonPage {
  const { folders: _, files, moreFiles, ...facts } = report;
  return {
    report: { ...facts, files: files.slice(0, MOST_FILES) },
    moreFiles: moreFiles + Math.max(0, files.length - MOST_FILES),
    tree: packedComparison(names),
  };
}
