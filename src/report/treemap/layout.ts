import { type Rectangle, squarify } from "./squarify.ts";
import type { Tree } from "./tree.ts";

/** A place in a treemap. */
export interface Tile extends Rectangle {
  /** The name that it is for; of a rest the folder's. */
  readonly number: number;
  /** 1 for what is in the folder that is shown. */
  readonly depth: number;
  /** "open": what is in it has tiles of its own, below a line with its name; "rest": all of a folder that is too small. */
  readonly form: "whole" | "open" | "rest";
}

export interface LayoutOptions {
  readonly depth: number;
  /** Tiles at most, and the area from which on something has one. */
  readonly most: number;
  readonly leastArea: number;
  /** Height of the line with a folder's name, and the room around what is in it. */
  readonly header: number;
  readonly gap: number;
}

const LEAST_OPEN_WIDTH = 44;
const LEAST_OPEN_HEIGHT = 34;

interface Open {
  readonly number: number;
  readonly area: Rectangle;
  readonly depth: number;
  /** Where the folder's own tile is among all; -1 for the folder that is shown. */
  readonly at: number;
}

/** Tiles for what is in a folder, each folder's before those within it; the largest folders are opened first. */
export function layout(tree: Tree, folder: number, area: Rectangle, options: LayoutOptions): Tile[] {
  const tiles: Tile[] = [];
  const work: Open[] = [{ number: folder, area, depth: 1, at: -1 }];
  for (let next = work.shift(); next !== undefined; next = work.shift()) {
    const inside = inFolder(tree, next, options);
    const own = tiles[next.at];
    if (next.at >= 0 && tiles.length + inside.length > options.most) continue;
    if (own !== undefined) tiles[next.at] = { ...own, form: "open" };
    for (const tile of inside) {
      const room = next.depth < options.depth ? roomIn(tree, tile, options) : undefined;
      if (room !== undefined) {
        insert(work, { number: tile.number, area: room, depth: next.depth + 1, at: tiles.length });
      }
      tiles.push(tile);
    }
  }
  return tiles;
}

/** Puts a folder where it is in the order of areas. */
function insert(work: Open[], folder: Open): void {
  const size = areaOf(folder.area);
  let [low, high] = [0, work.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (areaOf((work[middle] as Open).area) >= size) low = middle + 1;
    else high = middle;
  }
  work.splice(low, 0, folder);
}

function areaOf({ width, height }: Rectangle): number {
  return width * height;
}

/** What is in a folder, the largest first, and what is too small as one. */
function inFolder(tree: Tree, { number, area, depth }: Open, { leastArea, most }: LayoutOptions): Tile[] {
  const whole = tree.bytes[number] ?? 0;
  if (whole === 0) return [];
  const least = (leastArea * whole) / areaOf(area);
  const children = tree
    .bySize(number)
    .slice(0, most - 1)
    .filter((child) => (tree.bytes[child] ?? 0) >= least);
  const values = children.map((child) => tree.bytes[child] ?? 0);
  const rest = whole - values.reduce((sum, value) => sum + value, 0);
  return squarify(rest > 0 ? [...values, rest] : values, whole, area).map((rectangle, i) => {
    const child = children[i];
    return child === undefined
      ? { ...rectangle, number, depth, form: "rest" }
      : { ...rectangle, number: child, depth, form: "whole" };
  });
}

/** The room for what is in a folder's tile; undefined for what is none, or has too little. */
function roomIn(tree: Tree, tile: Tile, { header, gap }: LayoutOptions): Rectangle | undefined {
  const { number, form, x, y, width, height } = tile;
  if (form === "rest" || !tree.isFolder(number)) return undefined;
  if (width < LEAST_OPEN_WIDTH || height < LEAST_OPEN_HEIGHT) return undefined;
  return { x: x + gap, y: y + header, width: width - 2 * gap, height: height - header - gap };
}
