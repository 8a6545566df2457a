import type { ImageOptions } from "../convert/options.ts";
import type { SourceSpec } from "../source/source.ts";
import { inTurns } from "../waiting/steps.ts";
import { comparisonOf } from "./facts/compare.ts";
import { type MergedName, mergeTrees } from "./facts/merge-trees.ts";
import type { ComparisonReport } from "./facts/report.ts";
import { readForReport } from "./read-report.ts";

export interface ReadComparison {
  readonly report: ComparisonReport;
  /** All names of the two images. */
  readonly names: readonly MergedName[];
}

/** Reads two images, one after the other, for a report of what differs. Throws as a conversion does while it reads. */
export async function readForComparison(
  before: SourceSpec | string,
  after: SourceSpec | string,
  options: Omit<ImageOptions, "source">,
): Promise<ReadComparison> {
  const one = await readForReport({ ...options, source: before });
  const other = await readForReport({ ...options, source: after });
  const names = await inTurns(mergeTrees(one, other), options.signal);
  return { report: comparisonOf(one, other, names), names };
}
