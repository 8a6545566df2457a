import { setMaxListeners } from "node:events";
import { layerName } from "../layer/layer-stream.ts";
import { tarParts } from "../layer/tar/entries.ts";
import { unpack } from "../layer/unpack.ts";
import { STREAMS_IN_FLIGHT } from "../output/arenas.ts";
import type { ImageWriter } from "../output/image-writer.ts";
import type { LayerBlob } from "../source/source.ts";
import { type Directory, impliedDirectory } from "../tree/inode.ts";
import { LayerTree } from "../tree/layer-tree.ts";
import { type OverlayObserver, overlay } from "../tree/overlay.ts";
import { ContentFlow, type StreamedImage } from "./content-flow.ts";
import { inOrder } from "./in-order.ts";
import { type LayerReader, layerReader } from "./layer-reader.ts";
import type { LayerBudget } from "./limits.ts";
import type { Conversion } from "./request.ts";
import type { StreamTarget } from "./stream-target.ts";

/** Streams every layer through its checks into the image, several at once, and lays them over one another. */
export async function streamLayers(
  layers: readonly LayerBlob[],
  writer: ImageWriter,
  request: Conversion,
): Promise<StreamedImage> {
  const flow = await ContentFlow.open(layers, writer, request);
  try {
    const root = await layersInto(flow, layers, request);
    await writer.settle();
    return flow.streamed(root);
  } catch (error) {
    flow.close();
    throw error;
  }
}

/** What of a request says how layers are read. */
export type Reading = Pick<Conversion, "signal" | "report" | "inflate" | "workers">;

/**
 * The tree of the layers, laid over one another, their contents in the target.
 * @param observe asked for each layer, from the base upwards, who is to hear of how it is laid over those below
 */
export async function layersInto(
  target: StreamTarget,
  layers: readonly LayerBlob[],
  request: Reading,
  observe: (layer: LayerBlob) => OverlayObserver | undefined = () => undefined,
): Promise<Directory> {
  const abort = new AbortController();
  const signal = AbortSignal.any([request.signal, abort.signal]);
  // All layers listen at once, each in several places: Node would take that for a leak.
  setMaxListeners(0, signal);
  const root = impliedDirectory();
  const reader = await layerReader(layers, request.workers);
  try {
    await inOrder(
      layers,
      STREAMS_IN_FLIGHT,
      (blob) => streamLayer(blob, { reader, target, signal, request }),
      (layer) => {
        const onWarning = (message: string): void => warn(request, message);
        overlay(root, layer.tree, { onWarning, observer: observe(layer.blob) });
        target.accept(layer.writer);
      },
      (failure) => {
        abort.abort(failure);
        target.abort(failure);
      },
    );
    return root;
  } finally {
    // Its threads end while the filesystem is made.
    void reader.close();
  }
}

interface Stream {
  readonly reader: LayerReader;
  readonly target: StreamTarget;
  readonly signal: AbortSignal;
  readonly request: Reading;
}

async function streamLayer(blob: LayerBlob, { reader, target, signal, request }: Stream) {
  const { index, size } = blob;
  const { inflate, report } = request;
  const { budget, attributes } = target;
  const name = layerName(blob);
  const writer = target.newWriter();
  let stored = 0;
  const onStored = (bytes: number): void => {
    stored += bytes;
    report({ type: "layer", index, stored, size });
  };
  const onWarning = (message: string): void => warn(request, `${name}: ${message}`);
  const tree = new LayerTree(name, { onWarning, budget: target.memory, onEntry: () => budget.addEntry() });
  await reader.read(blob, { inflate, signal, onStored, onWarning }, (tar) =>
    unpack(tarParts(counted(tar, budget), { layer: name, onWarning, attributes }), tree, {
      writer,
      nextArena: (least) => target.nextArena(index, least),
      listener: target.newListener?.(),
    }),
  );
  target.finish(index, writer);
  report({ type: "layer-done", index });
  return { blob, tree, writer };
}

async function* counted(tar: AsyncIterable<Uint8Array>, budget: LayerBudget): AsyncGenerator<Uint8Array> {
  for await (const chunk of tar) {
    budget.addBytes(chunk.length);
    yield chunk;
  }
}

function warn(request: Reading, message: string): void {
  request.report({ type: "warning", message });
}
