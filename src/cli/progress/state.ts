import type { TransferEvent } from "../../artifact/progress.ts";
import type { ProgressEvent } from "../../convert/progress.ts";

/** What conversions tell, and what pushes and pulls do. */
export type ReportedEvent = ProgressEvent | TransferEvent;

/** How far a conversion is, or a push or pull, as its events have told so far. Sizes in bytes. */
export interface ProgressState {
  /** What `layers` are: pieces of files where these are pushed or pulled. */
  noun: "layer" | "piece";
  /** How many of them are done. */
  done: number;
  /** Bytes of standard input kept on disk. */
  spooled: number;
  layers: LayerProgress[];
  /** Of a source without layers: what has come of it. */
  read: { readonly files: number; readonly bytes: number };
  /** Bytes of filesystem structures written; undefined while contents still come in. */
  filesystem: number | undefined;
}

export interface LayerProgress {
  /** "sha256:0123456789ab", or a piece's file; empty where the archive does not name it. */
  readonly name: string;
  readonly size: number;
  stored: number;
  done: boolean;
}

export function initialProgress(): ProgressState {
  return {
    noun: "layer",
    done: 0,
    spooled: 0,
    layers: [],
    read: { files: 0, bytes: 0 },
    filesystem: undefined,
  };
}

/** Takes an event into the state. In place: there are thousands of events in a large conversion. */
export function applyEvent(state: ProgressState, event: ReportedEvent): void {
  switch (event.type) {
    case "spooling":
      state.spooled = event.bytes;
      return;
    case "resolved":
      state.layers = event.layers.map(({ digest, size }) => ({
        name: shortDigest(digest),
        size,
        stored: 0,
        done: false,
      }));
      return;
    case "pieces":
      state.noun = "piece";
      state.layers = event.pieces.map(({ file, size }) => ({ name: file, size, stored: 0, done: false }));
      return;
    case "layer":
    case "piece": {
      const layer = state.layers[event.index];
      if (layer) layer.stored = event.type === "layer" ? event.stored : event.bytes;
      return;
    }
    case "layer-done":
    case "piece-done": {
      const layer = state.layers[event.index];
      if (layer) layer.done = true;
      state.done += 1;
      return;
    }
    case "reused":
      state.layers = [];
      return;
    case "files":
      state.read = event;
      return;
    case "filesystem":
      state.filesystem = event.written;
      return;
    case "warning":
    case "retry":
    case "download":
    case "rate-limit":
      return;
  }
}

/** The algorithm and 12 digits: enough to tell layers apart, short enough for a line. */
function shortDigest(digest: string | undefined): string {
  if (digest === undefined) return "";
  const [algorithm = "", hex = ""] = digest.split(":");
  return `${algorithm}:${hex.slice(0, 12)}`;
}
