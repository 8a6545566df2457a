/**
 * Shapes of images that people run. Typical ones, not those of any version: sizes as registries list them, rounded, tars
 * as they unpack, entries as such layers have them.
 */
import type { LayerShape } from "./costs.ts";

export interface ImageShape {
  readonly name: string;
  readonly layers: readonly LayerShape[];
}

/** Megabytes stored and as a tar, entries. */
type Numbers = readonly [stored: number, plain: number, entries: number];

function image(name: string, ...layers: readonly Numbers[]): ImageShape {
  return {
    name,
    layers: layers.map(([stored, plain, entries]) => ({ stored: stored * 1e6, plain: plain * 1e6, entries })),
  };
}

const DEBIAN: Numbers = [49, 125, 6_500];
/** What `buildpack-deps` adds to it: certificates and curl, version control, compilers and headers. */
const BUILD_DEPENDENCIES: readonly Numbers[] = [
  [24, 64, 2_100],
  [64, 185, 4_500],
  [211, 590, 17_500],
];

export const TYPICAL_IMAGES: readonly ImageShape[] = [
  image("debian", DEBIAN),
  image(
    "postgres",
    DEBIAN,
    [1, 4, 90],
    [5, 10, 260],
    [2, 4, 20],
    [8, 25, 700],
    [1, 3, 12],
    [112, 340, 4_900],
  ),
  image("jenkins", [49, 117, 6_500], [52, 160, 2_300], [1, 2, 20], [98, 103, 60], [1, 1, 12], [63, 120, 420]),
  image("golang", DEBIAN, ...BUILD_DEPENDENCIES.slice(0, 2), [92, 260, 6_400], [75, 250, 15_200]),
  image("python", DEBIAN, ...BUILD_DEPENDENCIES, [6, 18, 320], [25, 70, 3_700]),
  image("node", DEBIAN, ...BUILD_DEPENDENCIES, [1, 1, 10], [50, 165, 5_600], [2, 6, 40]),
  image("60 small layers", [30, 78, 3_300], ...Array.from({ length: 59 }, (): Numbers => [3, 9, 350])),
  image("ubuntu + conda", [30, 78, 3_300], [90, 280, 7_200], [1_450, 4_600, 118_000], [12, 40, 1_500]),
  image("one layer of 2 GB", [800, 2_000, 90_000]),
  image(
    "pytorch + cuda",
    [30, 78, 3_300],
    [5, 16, 420],
    [58, 165, 620],
    [1_360, 2_450, 900],
    [1_000, 1_900, 1_300],
    [1_450, 2_500, 520],
    [2_700, 5_800, 62_000],
  ),
];
