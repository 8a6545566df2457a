import { BLOCK_SIZE, LONGEST_ROW_BLOCKS, type Run } from "../blocks/blocks.ts";
import type { FileWriter } from "../filesystem/kind/file-writer.ts";
import type { PreparedFilesystem } from "../filesystem/kind/kind.ts";
import { ArenaSchedule } from "../output/arenas.ts";
import { BlockSupply } from "../output/block-supply.ts";
import type { ImageWriter } from "../output/image-writer.ts";
import type { ContentSink } from "../output/stages.ts";
import { AttributePool } from "../tree/attribute-pool.ts";
import type { Directory } from "../tree/inode.ts";
import { TreeBudget } from "../tree/tree-budget.ts";
import { type ContentPacker, contentPacker } from "./content-packer.ts";
import { ImageContents } from "./image-contents.ts";
import { LayerBudget, MOST_TIMES, ORDINARY_BYTES } from "./limits.ts";
import type { Conversion } from "./request.ts";
import { storedBytes } from "./stored-bytes.ts";
import type { StreamTarget } from "./stream-target.ts";

/** What the source amounts to: the tree as a container would see it, its file contents already in the image. */
export interface StreamedImage {
  readonly root: Directory;
  readonly contents: ImageContents;
  /** What they were placed for. */
  readonly filesystem: PreparedFilesystem;
  /** Takes contents still; to be closed. */
  readonly flow: ContentFlow;
}

/** Something whose files come as one stream: as many bytes as it is read from. */
export interface Streamed {
  readonly size: number;
}

/** Where the contents of all streams go, and what they may come to. */
export class ContentFlow implements StreamTarget {
  readonly filesystem: PreparedFilesystem;
  readonly contents: ImageContents;
  readonly budget: LayerBudget;
  readonly memory: TreeBudget;
  readonly attributes: AttributePool;
  readonly withStored: boolean;
  readonly #writer: ImageWriter;
  readonly #schedule: ArenaSchedule;
  readonly #supply: BlockSupply;
  readonly #packer: ContentPacker;

  private constructor(
    streams: readonly Streamed[],
    writer: ImageWriter,
    request: Conversion,
    { filesystem, packer }: { readonly filesystem: PreparedFilesystem; readonly packer: ContentPacker },
  ) {
    this.filesystem = filesystem;
    this.withStored = filesystem.asksForHoles ?? false;
    this.#writer = writer;
    this.#packer = packer;
    this.#supply = new BlockSupply(filesystem.space);
    this.contents = new ImageContents(writer.image, this.#supply, filesystem);
    this.#schedule = new ArenaSchedule(streams.length, this.#supply);
    this.budget = new LayerBudget(streams, request);
    this.memory = new TreeBudget(request.limits.memory);
    this.attributes = new AttributePool(this.memory);
  }

  static async open(
    streams: readonly Streamed[],
    writer: ImageWriter,
    request: Conversion,
  ): Promise<ContentFlow> {
    const filesystem = await request.filesystem.prepare(expectedBlocks(streams));
    const packer = await contentPacker(request.filesystem.packing, streams, request.workers);
    return new ContentFlow(streams, writer, request, { filesystem, packer });
  }

  newWriter(): FileWriter {
    return this.filesystem.fileWriter(countedSink(this.#writer, this.budget), this.#packer.packer);
  }

  async nextArena(index: number, least: number): Promise<Run> {
    const arena = await this.#schedule.take(index, least);
    this.#writer.image.reach(this.#supply.end * BLOCK_SIZE);
    return arena;
  }

  finish(index: number, writer: FileWriter): void {
    this.#schedule.finish(index, writer.unused);
  }

  /** The next `least` blocks or more when all streams have ended: nobody else wants any then. */
  lateArena(least: number): Run {
    const arena = this.#supply.take(Math.max(LONGEST_ROW_BLOCKS, least), least);
    this.#writer.image.reach(this.#supply.end * BLOCK_SIZE);
    return arena;
  }

  /** Takes what was written to such, and resolves when it can be read. */
  async acceptLate(writer: FileWriter): Promise<void> {
    for (const run of writer.unused) this.#supply.giveBack(run);
    this.accept(writer);
    await this.#writer.settle();
  }

  accept(writer: FileWriter): void {
    this.contents.addWritten(writer.written);
  }

  abort(reason: unknown): void {
    this.#schedule.abort(reason);
  }

  /** The tree of what came, and all that is left to do with it. */
  streamed(root: Directory): StreamedImage {
    return { root, contents: this.contents, filesystem: this.filesystem, flow: this };
  }

  /** Its threads end while the filesystem is made. */
  close(): void {
    void this.#packer.close();
  }
}

/**
 * How much room contents may take is settled before they flow, for it decides what the filesystem keeps free. The bound
 * is far above any image, so that it is the same however the layers are stored; the manifest or the size asked for can
 * raise it. Limits have no part in it.
 */
function expectedBlocks(streams: readonly Streamed[]): number {
  return Math.ceil(Math.max(ORDINARY_BYTES, storedBytes(streams) * MOST_TIMES) / BLOCK_SIZE);
}

function countedSink(sink: ContentSink, budget: LayerBudget): ContentSink {
  return {
    takeStage: () => sink.takeStage(),
    stageFree: () => sink.stageFree(),
    putStage: (stage, runs) => {
      budget.addBlocks(runs.reduce((sum, { length }) => sum + length, 0));
      sink.putStage(stage, runs);
    },
  };
}
