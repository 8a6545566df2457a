import { Docker2vmError } from "../errors.ts";
import type { DeferredLink } from "./deferred-links.ts";
import type { Directory, Inode } from "./inode.ts";
import type { LayerTree } from "./layer-tree.ts";
import { displayPath, pathComponents } from "./path.ts";
import { followPath } from "./walk.ts";

export interface OverlayOptions {
  /** Hears what users of the image may not expect; the message names the layer. */
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly observer?: OverlayObserver | undefined;
}

/** Hears what becomes of names while a layer is laid over others. Paths are absolute, as bytes. */
export interface OverlayObserver {
  /** What the layers below had there is gone, with all that is in it. */
  hidden(inode: Inode, path: string): void;
  /** What the layer has is there now, with all that is in it; what it replaces was hidden just before. */
  placed(inode: Inode, path: string): void;
}

/**
 * Lays a layer over the tree of those below it, in place (image-spec, layer.md, "Applying Changesets"): what the
 * layer hides goes first, then what it holds comes in. A directory over a directory keeps the children and takes
 * the attributes, if the layer described it; anything else replaces what was there, as overlayfs shows it.
 */
export function overlay(lower: Directory, layer: LayerTree, options: OverlayOptions = {}): void {
  resolveDeferredLinks(lower, layer);
  const work: Pair[] = [{ lower, upper: layer.root, path: "" }];
  for (let pair = work.pop(); pair !== undefined; pair = work.pop()) {
    if (!layer.marks.implied.has(pair.upper)) pair.lower.metadata = pair.upper.metadata;
    hide(pair, layer, options.observer);
    for (const [name, node] of pair.upper.entries) {
      const existing = pair.lower.entries.get(name);
      const path = `${pair.path}/${name}`;
      if (node.type === "directory" && existing?.type === "directory") {
        work.push({ lower: existing, upper: node, path });
      } else if (existing === undefined || replaces(node, existing, path, layer, options)) {
        if (existing !== undefined) options.observer?.hidden(existing, path);
        pair.lower.entries.set(name, node);
        options.observer?.placed(node, path);
      }
    }
  }
}

/** A directory of the layers below and the layer's own directory of the same path. */
interface Pair {
  readonly lower: Directory;
  readonly upper: Directory;
  readonly path: string;
}

function replaces(
  node: Inode,
  existing: Inode,
  path: string,
  layer: LayerTree,
  options: OverlayOptions,
): boolean {
  if (node.type !== "directory" || !layer.marks.implied.has(node)) return true;
  if (isShell(node, layer)) return false;
  if (existing.type === "symlink")
    options.onWarning?.(`${layer.name}: ${replacedSymlink(path, existing.target)}`);
  return true;
}

function hide({ lower, upper, path }: Pair, layer: LayerTree, observer: OverlayObserver | undefined): void {
  if (layer.marks.opaque.has(upper)) {
    if (observer !== undefined)
      for (const [name, inode] of lower.entries) observer.hidden(inode, `${path}/${name}`);
    lower.entries.clear();
  }
  for (const name of layer.marks.whiteouts.get(upper) ?? []) {
    const inode = lower.entries.get(name);
    if (inode !== undefined) observer?.hidden(inode, `${path}/${name}`);
    lower.entries.delete(name);
  }
}

/**
 * True for a directory that only whiteouts mention. It holds nothing, so it has no claim to replace a symlink or a
 * file of the layers below, and there is nothing in those for its whiteouts to hide.
 */
function isShell(directory: Directory, layer: LayerTree): boolean {
  const work = [directory];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (!layer.marks.implied.has(next)) return false;
    for (const child of next.entries.values()) {
      if (child.type !== "directory") return false;
      work.push(child);
    }
  }
  return true;
}

/**
 * Links into the layers below, taken as they are before the layer changes them. A target that only came later in
 * the same layer counts where the layers below have none; links to links may stand in any order.
 */
function resolveDeferredLinks(lower: Directory, layer: LayerTree): void {
  for (const link of layer.deferredLinks) resolveLink(lower, layer, link);
}

/** Resolves a link, and before it those that stand between it and its target: each is looked at once. */
function resolveLink(lower: Directory, layer: LayerTree, first: DeferredLink): void {
  const waiting = new Set<DeferredLink>();
  for (let chain = [first], link = chain.pop(); link !== undefined; link = chain.pop()) {
    if (!layer.isOpen(link)) continue;
    const target = findInTree(lower, link.target, layer.name) ?? layer.findOrLink(link.target);
    if (target === undefined) throw badLink(layer, link, "", ", which is neither in this layer nor below it");
    if (!("type" in target)) {
      if (waiting.has(target) || target === link) throw badLink(layer, link, "", ", which leads back to it");
      waiting.add(link);
      chain.push(link, target);
    } else if (target.type === "directory") {
      throw badLink(layer, link, "the directory ", "");
    } else layer.resolve(link, target);
  }
}

function findInTree(root: Directory, path: string, layer: string): Inode | undefined {
  const components = pathComponents(path, layer);
  const name = components.pop();
  return name === undefined ? root : followPath(root, components)?.entries.get(name);
}

function badLink(layer: LayerTree, link: DeferredLink, kind: string, why: string): Docker2vmError {
  const [path, target] = [displayPath(link.path), displayPath(link.target)];
  return new Docker2vmError(
    "E_BAD_LAYER",
    `${layer.name}: '${path}' is a hard link to ${kind}'${target}'${why}`,
  );
}

function replacedSymlink(path: string, target: string): string {
  return (
    `'${displayPath(path)}' was a symlink to '${displayPath(target)}' in a lower layer; ` +
    "a path below it makes it a directory here, as it does under Docker's overlay"
  );
}
