import { setMaxListeners } from "node:events";
import { PartCount, partsBehind } from "../layer/kept/skip-parts.ts";
import { layerName } from "../layer/layer-stream.ts";
import { tarParts } from "../layer/tar/entries.ts";
import { Unpacker } from "../layer/unpack.ts";
import { Collecting } from "../memory/collect.ts";
import { STREAMS_IN_FLIGHT } from "../output/arenas.ts";
import type { ImageWriter } from "../output/image-writer.ts";
import type { LayerBlob } from "../source/source.ts";
import { type Directory, impliedDirectory } from "../tree/inode.ts";
import { LayerTree } from "../tree/layer-tree.ts";
import { type OverlayObserver, overlay } from "../tree/overlay.ts";
import { ContentFlow, type StreamedImage } from "./content-flow.ts";
import { inOrder } from "./in-order.ts";
import type { LayerKeeping } from "./layer-keeping.ts";
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
export type Reading = Pick<Conversion, "signal" | "report" | "inflate" | "workers" | "layerStore">;

/** Loaded only where a layer is worth it: a small image is done sooner. */
async function keepingOf(layers: readonly LayerBlob[], request: Reading): Promise<LayerKeeping | undefined> {
  const { layerStore } = request;
  if (layerStore === undefined || layers.every(({ size }) => size < layerStore.least)) return undefined;
  const { LayerKeeping } = await import("./layer-keeping.ts");
  return LayerKeeping.open(layerStore, layers, (message) => warn(request, message));
}

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
  const collecting = new Collecting();
  const between = (): void => collecting.after(target.memory.spent);
  const keeping = await keepingOf(layers, request);
  const blobs = layers.filter((blob) => keeping?.isKept(blob) !== true);
  const kept = { layers: layers.length - blobs.length, bytes: keeping?.tarBytes ?? 0 };
  const reader = await layerReader({ blobs, kept, isKeeping: keeping !== undefined }, request);
  try {
    await inOrder(
      layers,
      STREAMS_IN_FLIGHT,
      (blob) => streamLayer(blob, { reader, target, signal, request, keeping, between }),
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
    await keeping?.settle();
    // Its threads end while the filesystem is made.
    void reader.close();
  }
}

interface Stream {
  readonly reader: LayerReader;
  readonly target: StreamTarget;
  readonly signal: AbortSignal;
  readonly request: Reading;
  readonly keeping: LayerKeeping | undefined;
  /** To be called where no entry is in hand. */
  readonly between: () => void;
}

async function streamLayer(blob: LayerBlob, stream: Stream) {
  const { target, request } = stream;
  const { index, size } = blob;
  const name = layerName(blob);
  const writer = target.newWriter();
  const onWarning = (message: string): void => warn(request, `${name}: ${message}`);
  const { budget } = target;
  const tree = new LayerTree(name, { onWarning, budget: target.memory, onEntry: () => budget.addEntry() });
  const unpacker = new Unpacker(tree, {
    writer,
    nextArena: (least) => target.nextArena(index, least),
    listener: target.newListener?.(),
  });
  let furthest = 0;
  const hear: LayerListener = {
    onWarning,
    onStored: (stored) => {
      // What was kept may turn out damaged, and is read again from its blob: nobody is to see it go back.
      if (stored <= furthest) return;
      furthest = stored;
      request.report({ type: "layer", index, stored, size });
    },
  };
  const had = await feedKept(blob, unpacker, hear, stream);
  if (had === "all") await unpacker.finish();
  else await feedRead(blob, unpacker, had, hear, stream);
  target.finish(index, writer);
  request.report({ type: "layer-done", index });
  return { blob, tree, writer };
}

interface LayerListener {
  onWarning(message: string): void;
  /** Told how many of the layer's stored bytes are in. */
  onStored(stored: number): void;
}

/** Feeds what is kept of the layer. Returns how much that was; undefined where nothing is. */
async function feedKept(
  blob: LayerBlob,
  unpacker: Unpacker,
  { onWarning, onStored }: LayerListener,
  { reader, target, signal, keeping, between }: Stream,
): Promise<PartCount | "all" | undefined> {
  if (keeping?.isKept(blob) !== true) return undefined;
  const had = new PartCount();
  const { budget, attributes } = target;
  const onProgress = (part: number): void => onStored(Math.floor(part * blob.size));
  const { pieces } = reader;
  const reading = { signal, budget, attributes, pieces, had, onProgress, onWarning };
  await unpacker.feed(withPauses(keeping.parts(blob, reading), between));
  return keeping.isKept(blob) ? "all" : had;
}

/** Feeds what the layer's tar has beyond what came already, and has the layer kept. */
async function feedRead(
  blob: LayerBlob,
  unpacker: Unpacker,
  had: PartCount | undefined,
  hear: LayerListener,
  { reader, target, signal, request, keeping, between }: Stream,
): Promise<void> {
  const { digest, size, mediaType } = blob;
  const { inflate } = request;
  const { onWarning } = hear;
  let stored = 0;
  const onStored = (bytes: number): void => {
    stored += bytes;
    hear.onStored(stored);
  };
  const told = { ofBlob: new Warnings(onWarning), ofTar: new Warnings(onWarning) };
  const { attributes, budget } = target;
  const tarBytes = new TarBytes(had === undefined ? budget : undefined);
  const keeper = await keeping?.keeper(blob);
  try {
    await reader.read(blob, { inflate, signal, onStored, onWarning: told.ofBlob.add }, async (tar, hold) => {
      const counted = withPauses(tarBytes.of(tar), between);
      const parts = tarParts(keeper?.tar(counted, hold) ?? counted, {
        layer: layerName(blob),
        onWarning: told.ofTar.add,
        attributes,
      });
      const kept = keeper?.parts(parts) ?? parts;
      await unpacker.feed(had === undefined ? kept : partsBehind(kept, had));
      await unpacker.finish();
    });
  } catch (error) {
    await keeper?.discard();
    throw error;
  }
  const form = { digest, size, mediaType, tarBytes: tarBytes.sum, warnings: told.ofBlob.all };
  if (keeper !== undefined) keeping?.inPassing(keeper.keep(form, told.ofTar.all));
}

/** Those of one origin, which are told as they come. */
class Warnings {
  readonly all: string[] = [];
  readonly add: (message: string) => void;

  constructor(tell: (message: string) => void) {
    this.add = (message) => {
      this.all.push(message);
      tell(message);
    };
  }
}

/** Calls `between` whenever what came last has been used up. */
async function* withPauses<T>(items: AsyncIterable<T>, between: () => void): AsyncGenerator<T> {
  for await (const item of items) {
    yield item;
    between();
  }
}

/** Counts the bytes of a tar, against a budget where that has not been done. */
class TarBytes {
  sum = 0;
  readonly #budget: LayerBudget | undefined;

  constructor(budget: LayerBudget | undefined) {
    this.#budget = budget;
  }

  async *of(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of tar) {
      this.sum += chunk.length;
      this.#budget?.addBytes(chunk.length);
      yield chunk;
    }
  }
}

function warn(request: Reading, message: string): void {
  request.report({ type: "warning", message });
}
