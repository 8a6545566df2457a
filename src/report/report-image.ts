import { checkSource } from "../convert/image-request.ts";
import type { ImageOptions } from "../convert/options.ts";
import { given } from "../given.ts";
import type { SourceSpec } from "../source/source.ts";
import { readForComparison } from "./compare-images.ts";
import type { ComparisonReport, ImageReport } from "./facts/report.ts";
import { readForReport } from "./read-report.ts";

/** Two images, or root filesystems, that a report compares. */
export interface ComparisonOptions extends Omit<ImageOptions, "source"> {
  /** What is, or was, there first: as the source of a conversion. */
  readonly before: SourceSpec | string;
  readonly after: SourceSpec | string;
}

/**
 * Reads an image of any source or kind and tells where its bytes are. Throws as `convert` does while it reads.
 *
 * @example
 * ```ts
 * import { reportImage } from "docker2vm";
 *
 * const { totals, layers } = await reportImage({ source: "oci:./alpine", platform: "linux/amd64" });
 * console.log(totals.bytes, layers.map(({ wastedBytes }) => wastedBytes));
 * ```
 */
export async function reportImage(options: ImageOptions): Promise<ImageReport> {
  return (await readForReport(options)).report;
}

/**
 * Reads two images of any source or kind and tells what they differ by in size. Throws as `convert` does while it
 * reads.
 *
 * @example
 * ```ts
 * import { reportComparison } from "docker2vm";
 *
 * const { files } = await reportComparison({ before: "oci:./alpine", after: "oci:./alpine", platform: "linux/amd64" });
 * for (const { path, before, after } of files) console.log(path, before, after);
 * ```
 */
export async function reportComparison(options: ComparisonOptions): Promise<ComparisonReport> {
  const { before, after, ...others } = given(options, {});
  const sources = [
    checkSource({ source: before }, "before"),
    checkSource({ source: after }, "after"),
  ] as const;
  return (await readForComparison(...sources, others)).report;
}
