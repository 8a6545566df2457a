/** What the steps of a conversion take, each alone, in processor time: that says something on a busy machine, too. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "../../src/blocks/blocks.ts";
import { DirectFile } from "../../src/disk/direct-file.ts";
import { filesystemKind } from "../../src/filesystem/kinds.ts";
import { decompress } from "../../src/layer/decompress.ts";
import { tarParts } from "../../src/layer/tar/entries.ts";
import { unpack } from "../../src/layer/unpack.ts";
import { immediateSink } from "../../src/output/stages.ts";
import { impliedDirectory } from "../../src/tree/inode.ts";
import { LayerTree } from "../../src/tree/layer-tree.ts";
import { overlay } from "../../src/tree/overlay.ts";
import { TreeBudget } from "../../src/tree/tree-budget.ts";
import type { LayerShape } from "./costs.ts";

const CHUNK = 1 << 20;
/** Chunks that pass one step before the next one sees them: more would be cold in any case. */
const BATCH = 16;
const WRITTEN = 256;
/** Smaller blobs are documents. */
const LEAST_LAYER = 1 << 15;

/** Seconds of processor time, and what they were spent on. */
export interface LayerCosts {
  readonly layer: LayerShape;
  readonly readAndHash: number;
  readonly inflate: number;
  readonly hash: number;
  readonly place: number;
  readonly overlay: number;
}

/** Of this process so far, its kernel's part and its runtime's threads included. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Of each layer in a layout of gzip layers. */
export async function measureLayers(layout: string): Promise<LayerCosts[]> {
  const folder = join(layout, "blobs/sha256");
  const paths = readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).size > LEAST_LAYER);
  const costs: LayerCosts[] = [];
  for (const path of paths) costs.push(await measureLayer(path));
  return costs;
}

async function measureLayer(path: string): Promise<LayerCosts> {
  const spent = { readAndHash: 0, inflate: 0, hash: 0, place: 0 };
  const clock = new StepClock(spent);
  const root = impliedDirectory();
  const budget = new TreeBudget();
  let plain = 0;
  let entries = 0;
  const tree = new LayerTree(path, { budget, onEntry: () => entries++ });
  const filesystem = await filesystemKind("ext4")
    .settle({})
    .prepare(1 << 28);
  let cursor = 0;
  const nextArena = async (least: number): Promise<Run> => {
    const length = Math.max(1024, least);
    cursor += length;
    return { start: cursor - length, length };
  };
  async function* batches(): AsyncGenerator<Uint8Array> {
    const diffId = createHash("sha256");
    const memory = new Uint8Array(BATCH * CHUNK);
    const inflated = decompress(readHashed(path, clock), "gzip", "native", path)[Symbol.asyncIterator]();
    for (let isOver = false; !isOver; ) {
      const batch: Uint8Array[] = [];
      while (batch.length < BATCH && !isOver) {
        clock.start("inflate");
        const next = await inflated.next();
        clock.start(undefined);
        if (next.done === true) isOver = true;
        else batch.push(copied(next.value, memory, batch.length));
      }
      clock.start("hash");
      for (const chunk of batch) diffId.update(chunk);
      clock.start("place");
      for (const chunk of batch) {
        plain += chunk.length;
        yield chunk;
      }
    }
    clock.start("place");
  }
  const writer = filesystem.fileWriter(immediateSink(() => undefined));
  await unpack(tarParts(batches(), { layer: path }), tree, { writer, nextArena });
  clock.start(undefined);
  const before = processorSeconds();
  overlay(root, tree, { onWarning: () => undefined, observer: undefined });
  const layer = { stored: statSync(path).size, plain, entries };
  return { layer, ...spent, overlay: processorSeconds() - before };
}

type Step = "readAndHash" | "inflate" | "hash" | "place";

/** Gives what is spent to the step that is under way. */
class StepClock {
  readonly #spent: Record<Step, number>;
  #step: Step | undefined;
  #since = 0;

  constructor(spent: Record<Step, number>) {
    this.#spent = spent;
  }

  /** Ends what is under way, and returns it. */
  start(step: Step | undefined): Step | undefined {
    const now = processorSeconds();
    const before = this.#step;
    if (before !== undefined) this.#spent[before] += now - this.#since;
    this.#step = step;
    this.#since = now;
    return before;
  }
}

async function* readHashed(path: string, clock: StepClock): AsyncGenerator<Uint8Array> {
  const digest = createHash("sha256");
  const chunk = new Uint8Array(CHUNK);
  const file = openSync(path, "r");
  try {
    for (;;) {
      const before = clock.start("readAndHash");
      const length = readSync(file, chunk);
      digest.update(chunk.subarray(0, length));
      clock.start(before);
      if (length === 0) return;
      yield chunk.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

function copied(chunk: Uint8Array, memory: Uint8Array, slot: number): Uint8Array {
  memory.set(chunk, slot * CHUNK);
  return memory.subarray(slot * CHUNK, slot * CHUNK + chunk.length);
}

/** Seconds for a byte that is written past the page cache; 0 where that cannot be. */
export async function measureWriting(folder: string): Promise<number> {
  const path = join(folder, "written");
  writeFileSync(path, "");
  const file = DirectFile.open(path);
  try {
    const memory = file?.memory(CHUNK);
    if (file === undefined || memory === undefined) return 0;
    const before = processorSeconds();
    for (let at = 0; at < WRITTEN; at++) await file.write(at * CHUNK, memory);
    return (processorSeconds() - before) / (WRITTEN * CHUNK);
  } finally {
    file?.close();
    rmSync(path);
  }
}
