import { geometryFor, reservedRunAfter } from "../ext4/geometry.ts";
import type { Contents } from "../ext4/plan.ts";
import { layerName } from "../layer/layer-stream.ts";
import { ArenaSchedule, STREAMS_IN_FLIGHT } from "../output/arenas.ts";
import { BLOCK_SIZE, type Run } from "../output/blocks.ts";
import type { ImageFile } from "../output/image-file.ts";
import type { LayerBlob } from "../source/source.ts";
import { type Directory, impliedDirectory } from "../tree/inode.ts";
import { LayerTree } from "../tree/layer-tree.ts";
import { overlay } from "../tree/overlay.ts";
import { inOrder } from "./in-order.ts";
import { type LayerRunner, layerRunner } from "./layer-runner.ts";
import type { Request } from "./request.ts";

/** What the layers amount to: the tree as a container would see it, its file contents already in the image. */
export interface StreamedImage {
  readonly root: Directory;
  readonly contents: Contents;
}

/** Streams every layer through its checks into the image, several at once, and lays them over one another. */
export async function streamLayers(
  layers: readonly LayerBlob[],
  image: ImageFile,
  request: Request,
): Promise<StreamedImage> {
  const space = contentSpace(layers, request);
  const schedule = new ArenaSchedule(layers.length, space);
  const abort = new AbortController();
  const signal = request.signal ? AbortSignal.any([request.signal, abort.signal]) : abort.signal;
  const root = impliedDirectory();
  const written: Run[] = [];
  const runner = layerRunner(layers, image, request.workers);
  try {
    await inOrder(
      layers,
      STREAMS_IN_FLIGHT,
      (blob) => streamLayer(blob, { runner, schedule, signal, request }),
      (layer) => {
        overlay(root, layer.tree, { onWarning: (message) => warn(request, message) });
        written.push(...layer.written);
      },
      (failure) => {
        abort.abort(failure);
        schedule.abort(failure);
      },
    );
  } finally {
    await runner.close();
  }
  return { root, contents: { geometry: space.geometry, end: schedule.end, written } };
}

/**
 * How much room contents may take is settled before they flow, for it decides how many blocks the group descriptors
 * keep free. The bound is far above any image, so that it is the same however the layers are stored; the manifest or
 * the size asked for can raise it.
 */
const ORDINARY_BYTES = 2 ** 40;
const INFLATED_TO_STORED = 4;

function contentSpace(layers: readonly LayerBlob[], request: Request) {
  const stored = layers.reduce((sum, layer) => sum + layer.size, 0);
  const expected = Math.ceil(Math.max(ORDINARY_BYTES, stored * INFLATED_TO_STORED) / BLOCK_SIZE);
  const { size, fs } = request.filesystem;
  const asked = size.kind === "fixed" ? size.blocks : 0;
  const free = size.kind === "auto" && typeof size.free === "number" ? size.free : 0;
  // Of a filesystem whose size is chosen, up to half is what describes the contents, and free space.
  const geometry = geometryFor(Math.max(2 * expected + free, asked), fs);
  const end = Math.max(expected, asked);
  return { geometry, end, reservedAfter: (block: number) => reservedRunAfter(geometry, block) };
}

interface Stream {
  readonly runner: LayerRunner;
  readonly schedule: ArenaSchedule;
  readonly signal: AbortSignal;
  readonly request: Request;
}

async function streamLayer(blob: LayerBlob, { runner, schedule, signal, request }: Stream) {
  const { index, size } = blob;
  const { inflate, report } = request;
  const name = layerName(blob);
  const tree = new LayerTree(name);
  let stored = 0;
  const written = await runner.run({
    blob,
    inflate,
    target: tree,
    nextArena: () => schedule.take(index),
    signal,
    onStored: (bytes) => {
      stored += bytes;
      report({ type: "layer", index, stored, size });
    },
    onWarning: (message) => warn(request, `${name}: ${message}`),
  });
  schedule.finish(index);
  report({ type: "layer-done", index });
  return { tree, written };
}

function warn(request: Request, message: string): void {
  request.report({ type: "warning", message });
}
