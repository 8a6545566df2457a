import { setMaxListeners } from "node:events";
import { BLOCK_SIZE, type Run } from "../blocks/blocks.ts";
import type { FileWriter } from "../filesystem/kind/file-writer.ts";
import type { PreparedFilesystem } from "../filesystem/kind/kind.ts";
import { layerName } from "../layer/layer-stream.ts";
import { tarParts } from "../layer/tar/entries.ts";
import { unpack } from "../layer/unpack.ts";
import { ArenaSchedule, STREAMS_IN_FLIGHT } from "../output/arenas.ts";
import { BlockSupply } from "../output/block-supply.ts";
import type { ImageWriter } from "../output/image-writer.ts";
import type { ContentSink } from "../output/stages.ts";
import type { LayerBlob } from "../source/source.ts";
import { AttributePool } from "../tree/attribute-pool.ts";
import { type Directory, impliedDirectory } from "../tree/inode.ts";
import { LayerTree } from "../tree/layer-tree.ts";
import { overlay } from "../tree/overlay.ts";
import { TreeBudget } from "../tree/tree-budget.ts";
import { contentPacker } from "./content-packer.ts";
import { ImageContents } from "./image-contents.ts";
import { inOrder } from "./in-order.ts";
import { type LayerReader, layerReader } from "./layer-reader.ts";
import { LayerBudget, MOST_TIMES, ORDINARY_BYTES } from "./limits.ts";
import type { Conversion } from "./request.ts";

/** What the layers amount to: the tree as a container would see it, its file contents already in the image. */
export interface StreamedImage {
  readonly root: Directory;
  readonly contents: ImageContents;
  /** What they were placed for. */
  readonly filesystem: PreparedFilesystem;
}

/** Streams every layer through its checks into the image, several at once, and lays them over one another. */
export async function streamLayers(
  layers: readonly LayerBlob[],
  writer: ImageWriter,
  request: Conversion,
): Promise<StreamedImage> {
  const filesystem = await request.filesystem.prepare(expectedBlocks(layers));
  const supply = new BlockSupply(filesystem.space);
  const contents = new ImageContents(writer.image, supply, filesystem);
  const schedule = new ArenaSchedule(layers.length, supply);
  const abort = new AbortController();
  const signal = AbortSignal.any([request.signal, abort.signal]);
  // All layers listen at once, each in several places: Node would take that for a leak.
  setMaxListeners(0, signal);
  const root = impliedDirectory();
  const memory = new TreeBudget(request.limits.memory);
  const attributes = new AttributePool(memory);
  const { packer, ...packers } = await contentPacker(request.filesystem.packing, layers, request.workers);
  const reader = layerReader(layers, request.workers);
  const budget = new LayerBudget(layers, request);
  const sink = countedSink(writer, budget);
  const nextArena = async (index: number, least: number): Promise<Run> => {
    const arena = await schedule.take(index, least);
    writer.image.reach(supply.end * BLOCK_SIZE);
    return arena;
  };
  try {
    await inOrder(
      layers,
      STREAMS_IN_FLIGHT,
      (blob) =>
        streamLayer(blob, {
          reader,
          budget,
          memory,
          attributes,
          newWriter: () => filesystem.fileWriter(sink, packer),
          schedule,
          nextArena,
          signal,
          request,
        }),
      (layer) => {
        overlay(root, layer.tree, { onWarning: (message) => warn(request, message) });
        contents.addWritten(layer.written);
      },
      (failure) => {
        abort.abort(failure);
        schedule.abort(failure);
      },
    );
    await writer.settle();
  } finally {
    // Their threads end while the filesystem is made.
    void reader.close();
    void packers.close();
  }
  return { root, contents, filesystem };
}

/**
 * How much room contents may take is settled before they flow, for it decides what the filesystem keeps free. The bound
 * is far above any image, so that it is the same however the layers are stored; the manifest or the size asked for can
 * raise it. Limits have no part in it.
 */
function expectedBlocks(layers: readonly LayerBlob[]): number {
  const stored = layers.reduce((sum, layer) => sum + layer.size, 0);
  return Math.ceil(Math.max(ORDINARY_BYTES, stored * MOST_TIMES) / BLOCK_SIZE);
}

interface Stream {
  readonly reader: LayerReader;
  readonly budget: LayerBudget;
  readonly newWriter: () => FileWriter;
  readonly schedule: ArenaSchedule;
  nextArena(index: number, least: number): Promise<Run>;
  readonly memory: TreeBudget;
  readonly attributes: AttributePool;
  readonly signal: AbortSignal;
  readonly request: Conversion;
}

async function streamLayer(blob: LayerBlob, stream: Stream) {
  const { reader, budget, memory, attributes, newWriter, schedule, nextArena, signal, request } = stream;
  const { index, size } = blob;
  const { inflate, report } = request;
  const name = layerName(blob);
  const writer = newWriter();
  let stored = 0;
  const onStored = (bytes: number): void => {
    stored += bytes;
    report({ type: "layer", index, stored, size });
  };
  const onWarning = (message: string): void => warn(request, `${name}: ${message}`);
  const tree = new LayerTree(name, { onWarning, budget: memory, onEntry: () => budget.addEntry() });
  await reader.read(blob, { inflate, signal, onStored, onWarning }, (tar) =>
    unpack(tarParts(counted(tar, budget), { layer: name, onWarning, attributes }), tree, {
      writer,
      nextArena: (least) => nextArena(index, least),
    }),
  );
  schedule.finish(index, writer.unused);
  report({ type: "layer-done", index });
  return { tree, written: writer.written };
}

async function* counted(tar: AsyncIterable<Uint8Array>, budget: LayerBudget): AsyncGenerator<Uint8Array> {
  for await (const chunk of tar) {
    budget.addBytes(chunk.length);
    yield chunk;
  }
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

function warn(request: Conversion, message: string): void {
  request.report({ type: "warning", message });
}
