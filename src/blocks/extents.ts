import type { Extent } from "./blocks.ts";

/**
 * The extents with neighbours merged and long ones split: what is contiguous both in the file and on disk is one extent
 * of up to `longest` blocks. The same array if it was so already.
 */
export function normalizeExtents(extents: readonly Extent[], longest: number): readonly Extent[] {
  if (isNormal(extents, longest)) return extents;
  const normal: Extent[] = [];
  let at = 0;
  while (at < extents.length) {
    let { logical, physical, length } = extents[at++] ?? NOTHING;
    while (continues(extents[at], logical + length, physical + length)) length += extents[at++]?.length ?? 0;
    while (length > 0) {
      const part = Math.min(length, longest);
      normal.push({ logical, physical, length: part });
      logical += part;
      physical += part;
      length -= part;
    }
  }
  return normal;
}

const NOTHING: Extent = { logical: 0, physical: 0, length: 0 };

function continues(extent: Extent | undefined, logical: number, physical: number): boolean {
  return extent !== undefined && extent.logical === logical && extent.physical === physical;
}

function isNormal(extents: readonly Extent[], longest: number): boolean {
  let logicalEnd = -1;
  let physicalEnd = -1;
  for (const extent of extents) {
    if (extent.length > longest || extent.length === 0) return false;
    if (continues(extent, logicalEnd, physicalEnd)) return false;
    logicalEnd = extent.logical + extent.length;
    physicalEnd = extent.physical + extent.length;
  }
  return true;
}
