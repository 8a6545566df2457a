import { BLOCK_SIZE, type Extent } from "../../../blocks/blocks.ts";
import type { Cluster, FilePlace, PackedPlace } from "../../../blocks/space.ts";
import type { ComingFile } from "../../kind/file-writer.ts";

const NO_CLUSTERS: readonly Cluster[] = [];

/** A file on its way through compression. */
export class PackedFile {
  readonly coming: ComingFile;
  /** Holes are not compressed but left out; and one block cannot become less. */
  readonly mayShrink: boolean;
  /** Whether its contents are placed as they are; undefined where that is not known yet. */
  isPlain: boolean | undefined;
  /** Whether its first contents are placed. */
  isBegun = false;
  readonly #extents: Extent[] = [];
  readonly #packed: { -readonly [Key in keyof PackedPlace]: PackedPlace[Key] } = {
    clusters: NO_CLUSTERS,
    slot: undefined,
  };
  #clusters: Cluster[] = [];
  #stored = 0;

  constructor(coming: ComingFile) {
    this.coming = coming;
    this.mayShrink = coming.stored === coming.size && coming.size > BLOCK_SIZE;
    this.isPlain = this.mayShrink ? undefined : true;
  }

  /** Filled in while the file is placed. */
  get place(): FilePlace {
    return { extents: this.#extents, packed: this.#packed };
  }

  /** Contents that are as they are lie there, all of them. */
  settlePlain({ extents, slot }: FilePlace): void {
    for (const extent of extents) this.#extents.push(extent);
    this.#packed.slot = slot;
  }

  /** The next `cluster.blocks` blocks of the file are stored there. */
  addCluster({ blocks, stored }: Cluster, { extents }: FilePlace): void {
    for (const { physical, length } of extents) this.#addExtent(physical, length);
    const last = this.#clusters.at(-1);
    if (last !== undefined && last.stored === last.blocks && stored === blocks) {
      this.#clusters[this.#clusters.length - 1] = {
        blocks: last.blocks + blocks,
        stored: last.stored + stored,
      };
    } else {
      this.#clusters.push({ blocks, stored });
    }
    this.#packed.clusters = this.#clusters;
  }

  #addExtent(physical: number, length: number): void {
    const last = this.#extents.at(-1);
    if (last !== undefined && last.physical + last.length === physical) {
      this.#extents[this.#extents.length - 1] = { ...last, length: last.length + length };
    } else {
      this.#extents.push({ logical: this.#stored, physical, length });
    }
    this.#stored += length;
  }
}
