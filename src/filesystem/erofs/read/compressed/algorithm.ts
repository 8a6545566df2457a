import type { ALGORITHMS } from "../../format/compression.ts";

/** How a pcluster is compressed. */
export type Algorithm = (typeof ALGORITHMS)[number];
