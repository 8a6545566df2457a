/** A source read for what its files are, with no image to be made of it. */

import { assert } from "../errors.ts";
import type { FileWriter } from "../filesystem/kind/file-writer.ts";
import type { ContentListener } from "../layer/unpack.ts";
import type { RootFilesystem } from "../rootfs/root-filesystem.ts";
import type { LayerBlob, ResolvedImage } from "../source/source.ts";
import { AttributePool } from "../tree/attribute-pool.ts";
import { ContentDigests } from "../tree/content-digests.ts";
import type { Directory, RegularFile } from "../tree/inode.ts";
import type { OverlayObserver } from "../tree/overlay.ts";
import { TreeBudget } from "../tree/tree-budget.ts";
import type { ImageDemands } from "./image-request.ts";
import { checkManifest, LayerBudget } from "./limits.ts";
import { layersInto, type Reading } from "./stream-layers.ts";
import type { StreamTarget } from "./stream-target.ts";
import { treeInto } from "./stream-tree.ts";

/** The files of a source, and what tells contents apart. */
export interface ReadContents {
  readonly root: Directory;
  /** sha256 as ContentDigests has it. */
  digestOf(file: RegularFile): Uint8Array;
}

/** Who else hears of a source's files while they are read. */
export interface ContentsObserver {
  /** Of one stream's contents, beside the digests. */
  newListener(): ContentListener;
  /** Of a layer that is laid over those below, from the base upwards. */
  ofLayer(layer: LayerBlob): OverlayObserver;
}

/** Reads all of a source. Throws as a conversion does. */
export async function readContents(
  found: ResolvedImage | RootFilesystem,
  demands: ImageDemands,
  observer?: ContentsObserver,
): Promise<ReadContents> {
  const request: Reading = { ...demands, inflate: "auto", workers: undefined, layerStore: undefined };
  const bounded = { limits: demands.limits, filesystem: { fixedBlocks: undefined } };
  if (!("layers" in found)) {
    const target = new DigestsAlone(new LayerBudget([{ size: found.size ?? 0 }], bounded), demands, observer);
    const root = await treeInto(target, found, request, { newListener: () => target.newListener() });
    return target.contents(root);
  }
  checkManifest(found.layers, bounded);
  const target = new DigestsAlone(new LayerBudget(found.layers, bounded), demands, observer);
  const ofLayer = (layer: LayerBlob): OverlayObserver | undefined => observer?.ofLayer(layer);
  return target.contents(await layersInto(target, found.layers, request, ofLayer));
}

/** Takes the contents of all streams, and keeps their digests. */
class DigestsAlone implements StreamTarget {
  readonly budget: LayerBudget;
  readonly memory: TreeBudget;
  readonly attributes: AttributePool;
  /** One for each stream. */
  readonly #digests: ContentDigests[] = [];

  readonly #observer: ContentsObserver | undefined;

  constructor(budget: LayerBudget, { limits }: ImageDemands, observer: ContentsObserver | undefined) {
    this.budget = budget;
    this.#observer = observer;
    this.memory = new TreeBudget(limits.memory);
    this.attributes = new AttributePool(this.memory);
  }

  newWriter(): FileWriter {
    return NOWHERE;
  }

  newListener(): ContentListener {
    const digests = new ContentDigests();
    this.#digests.push(digests);
    const other = this.#observer?.newListener();
    return other === undefined ? digests : both(digests, other);
  }

  nextArena(): Promise<never> {
    assert(false, "what writes nothing wants no room");
  }

  finish(): void {}

  accept(): void {}

  abort(): void {}

  async contents(root: Directory): Promise<ReadContents> {
    for (const digests of this.#digests) await digests.settle();
    const digestOf = (file: RegularFile): Uint8Array => {
      const digests = this.#digests.find((each) => each.has(file));
      assert(digests !== undefined, "a file whose contents were never seen");
      return digests.of(file);
    };
    return { root, digestOf };
  }
}

function both(one: ContentListener, other: ContentListener): ContentListener {
  return {
    begin: (entry) => other.begin?.(entry),
    write: (offset, bytes) => {
      const waiting = [one.write(offset, bytes), other.write(offset, bytes)].filter(
        (each) => each !== undefined,
      );
      return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => undefined);
    },
    end: (file) => {
      one.end(file);
      other.end(file);
    },
  };
}

/** Takes everything, and writes nothing. */
const NOWHERE: FileWriter = {
  begin: () => undefined,
  seek: () => undefined,
  write: (bytes) => bytes.length,
  end: () => ({ extents: [] }),
  wanted: 0,
  addArena: () => undefined,
  stageFree: async () => undefined,
  flush: () => true,
  written: [],
  unused: [],
};
