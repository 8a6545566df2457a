import { formatBytes } from "../bytes.ts";
import type { Paint } from "../colour.ts";
import { filesText } from "./plain.ts";
import type { LayerProgress, ProgressState } from "./state.ts";

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

const LONGEST_BAR = 30;
const SHORTEST_BAR = 8;

/**
 * The progress as lines of a terminal: a bar for each layer. Where they are more than the screen has rows, the
 * finished and the waiting ones are counted instead. No line reaches the last column, where terminals wrap.
 */
export function renderBars(state: ProgressState, screen: Screen, paint: Paint): string[] {
  const width = Math.max(1, screen.columns - 1);
  const room = Math.max(1, screen.rows - 2);
  const lines =
    state.layers.length === 0
      ? preparing(state, width)
      : state.layers.length <= room
        ? state.layers.map((layer, index) => layerLine(layer, index, state, width, paint))
        : collapsed(state, room, width, paint);
  if (state.filesystem !== undefined) {
    lines.push(`writing the filesystem: ${formatBytes(state.filesystem)}`.slice(0, width));
  }
  return lines;
}

function preparing(state: ProgressState, width: number): string[] {
  if (state.read.files > 0) return [`read ${filesText(state.read)}`.slice(0, width)];
  return state.spooled === 0 ? [] : [`reading the archive: ${formatBytes(state.spooled)}`.slice(0, width)];
}

function collapsed(state: ProgressState, room: number, width: number, paint: Paint): string[] {
  const { layers, noun } = state;
  const lines: string[] = [];
  const done = layers.filter((layer) => layer.done);
  const bytes = done.reduce((sum, layer) => sum + layer.size, 0);
  const text = `${done.length} of ${layers.length} ${noun}s done, ${formatBytes(bytes)}`;
  lines.push(paint("green", text.slice(0, width)));
  const running = [...layers.entries()].filter(([, layer]) => !layer.done && layer.stored > 0);
  for (const [index, layer] of running.slice(0, Math.max(0, room - 2))) {
    lines.push(layerLine(layer, index, state, width, paint));
  }
  return lines;
}

function layerLine(
  layer: LayerProgress,
  index: number,
  { noun, layers: { length: count } }: ProgressState,
  width: number,
  paint: Paint,
): string {
  const label = `${noun} ${String(index + 1).padStart(String(count).length)}/${count}`;
  const named = layer.name === "" ? label : `${label} ${layer.name}`;
  if (layer.done) return paint("green", `${named} done, ${formatBytes(layer.size)}`.slice(0, width));
  const share = layer.size === 0 ? 0 : Math.min(1, layer.stored / layer.size);
  const amount = `${String(Math.floor(share * 100)).padStart(3)}% of ${formatBytes(layer.size)}`;
  // What matters least goes first on a narrow screen: the digest, then the bar, then the amount.
  for (const head of [named, label]) {
    const bar = Math.min(LONGEST_BAR, width - head.length - amount.length - 4);
    if (bar < SHORTEST_BAR) continue;
    const filled = Math.floor(share * bar);
    const drawn = paint("cyan", "#".repeat(filled)) + paint("dim", "-".repeat(bar - filled));
    return `${head} [${drawn}] ${amount}`;
  }
  return `${label} ${amount}`.slice(0, width);
}
