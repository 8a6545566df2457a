import type { ProgressEvent } from "../../convert/progress.ts";
import { formatBytes } from "../bytes.ts";
import { printable } from "../printable.ts";
import type { ProgressState, ReportedEvent } from "./state.ts";

const MIB = 1024 * 1024;
/** Layers below this size only tell when they are done. */
const LARGE_LAYER = 64 * MIB;
const SPOOL_STEP = 256 * MIB;

/**
 * The lines an event is worth in a log, given the state before it: a line for each finished layer, one for each
 * quarter of a large one, so that a log stays short however large the image is.
 */
export function plainLines(before: ProgressState, event: ReportedEvent): string[] {
  switch (event.type) {
    case "spooling": {
      const step = Math.floor(event.bytes / SPOOL_STEP) > Math.floor(before.spooled / SPOOL_STEP);
      return step ? [`reading the archive: ${formatBytes(event.bytes)}`] : [];
    }
    case "resolved": {
      const bytes = event.layers.reduce((sum, layer) => sum + layer.size, 0);
      const count = counted(event.layers.length, "layer");
      const { sourceDigest } = event;
      return sourceDigest === undefined ? [] : [`image ${sourceDigest}: ${count}, ${formatBytes(bytes)}`];
    }
    case "reused":
      return [`an earlier result is used, from the ${event.from === "result-cache" ? "cache" : "registry"}`];
    case "files": {
      const step = Math.floor(event.bytes / SPOOL_STEP) > Math.floor(before.read.bytes / SPOOL_STEP);
      return step ? [`read ${filesText(event)}`] : [];
    }
    case "layer":
      return quarterLine(before, event.index, event.stored);
    case "layer-done": {
      const layer = before.layers[event.index];
      return layer ? [`${layerName(before, event.index)} done, ${formatBytes(layer.size)}`] : [];
    }
    case "pieces": {
      const bytes = event.pieces.reduce((sum, piece) => sum + piece.size, 0);
      return [`${counted(event.pieces.length, "piece")}, ${formatBytes(bytes)}`];
    }
    case "piece-done":
      return quarterOfPieces(before);
    case "filesystem":
      return before.filesystem === undefined ? ["writing the filesystem"] : [];
    case "retry":
      return [retryText(event)];
    case "piece":
    case "warning":
    case "download":
    case "rate-limit":
      return [];
  }
}

/** "12 files, 3.0 MiB" */
export function filesText({ files, bytes }: ProgressState["read"]): string {
  return `${files} ${files === 1 ? "file" : "files"}, ${formatBytes(bytes)}`;
}

/** "layer sha256:…: connection reset; trying again in 1.2 s, from 3.0 MiB on" */
export function retryText({
  what,
  reason,
  delay,
  offset,
}: Extract<ProgressEvent, { type: "retry" }>): string {
  const from = offset === undefined || offset === 0 ? "" : `, from ${formatBytes(offset)} on`;
  return `${printable(what)}: ${printable(reason)}; trying again in ${(delay / 1000).toFixed(1)} s${from}`;
}

function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

/** Pieces are of one size, and may be thousands. */
function quarterOfPieces({ done, layers: { length } }: ProgressState): string[] {
  const isStep = Math.floor(((done + 1) / length) * 4) > Math.floor((done / length) * 4);
  return isStep ? [`${done + 1} of ${counted(length, "piece")} done`] : [];
}

function quarterLine(before: ProgressState, index: number, stored: number): string[] {
  const layer = before.layers[index];
  if (!layer || layer.size < LARGE_LAYER || stored >= layer.size) return [];
  const quarter = Math.floor((stored / layer.size) * 4);
  if (quarter <= Math.floor((layer.stored / layer.size) * 4)) return [];
  return [`${layerName(before, index)} ${quarter * 25}% of ${formatBytes(layer.size)}`];
}

function layerName(state: ProgressState, index: number): string {
  const name = state.layers[index]?.name ?? "";
  return `layer ${index + 1}/${state.layers.length}${name === "" ? "" : ` ${name}`}`;
}
