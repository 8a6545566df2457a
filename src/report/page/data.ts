import type { BlockKind, ComparisonReport, FilesystemMap, ImageReport } from "../facts/report.ts";
import type { PackedTree } from "../treemap/tree.ts";

/** A filesystem's blocks as a map of cells: see `blockCells`. */
export interface BlockMap extends Omit<FilesystemMap, "rows"> {
  readonly perCell: number;
  readonly letters: string;
  readonly blocksOf: Readonly<Record<BlockKind, number>>;
}

/** What a page of one image shows. */
export interface ImagePage {
  readonly report: Omit<ImageReport, "folders" | "filesystem" | "moreDuplicates">;
  /** Groups of duplicates that are not among those of the report. */
  readonly moreDuplicates: number;
  readonly tree: PackedTree;
  readonly blocks: BlockMap | null;
}

/** What a page of two images shows. */
export interface ComparisonPage {
  readonly report: Omit<ComparisonReport, "folders" | "moreFiles">;
  /** Files that are not the same and not among those of the report. */
  readonly moreFiles: number;
  readonly tree: PackedTree;
}

export type PageData = ImagePage | ComparisonPage;

/** Whether a page shows two images. */
export function isComparison(data: PageData): data is ComparisonPage {
  return data.report.report === "comparison";
}
