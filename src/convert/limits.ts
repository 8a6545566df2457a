/** How much an image may hold before it is taken for a bomb. No limit takes part in the bytes of an image within it. */

import { BLOCK_SIZE } from "../blocks/blocks.ts";
import { Docker2vmError } from "../errors.ts";
import type { FilesystemWriter } from "../filesystem/kind/kind.ts";
import { TREE_BYTES } from "../tree/tree-budget.ts";
import { type Stored, storedBytes } from "./stored-bytes.ts";

/** What the layers of an image may come to, all together. */
export interface Limits {
  /**
   * Bytes of their uncompressed tars. Absent: 1 TiB, or four times their stored bytes or the size asked for; and with a
   * size, that their contents take no more of the disk than four times that, and 1 GiB if there are several layers.
   */
  readonly bytes?: number | undefined;
  /** Entries of their tars, and directories that only paths name; 10,000,000 if absent. */
  readonly entries?: number | undefined;
  /** How many there are; 1,000 if absent. */
  readonly layers?: number | undefined;
  /**
   * Bytes of memory that their names, symlinks and extended attributes take, which wait for the last layer; 1 GiB if
   * absent. What else a conversion takes does not depend on the image.
   */
  readonly memory?: number | undefined;
}

/** Limits with every value checked. */
export interface LimitsRequest {
  /** Undefined: by the image and the size. */
  readonly bytes: number | undefined;
  readonly entries: number;
  readonly layers: number;
  readonly memory: number;
}

/** Far above any image, so that it is the same however the layers are stored. */
export const ORDINARY_BYTES = 2 ** 40;
/** Contents to stored bytes, and to a size that was chosen for what upper layers leave of them: no image has as much. */
export const MOST_TIMES = 4;
/** What an upper layer removes may have nothing to do with the size: a compiler, a cache of packages. */
const REPLACED_BYTES = 2 ** 30;
const ORDINARY_ENTRIES = 10_000_000;
/** Docker itself ends at 127. */
const ORDINARY_LAYERS = 1000;

/** Throws E_USAGE for what is no limit. */
export function limitsRequest({ bytes, entries, layers, memory }: Limits = {}): LimitsRequest {
  for (const [name, limit] of Object.entries({ bytes, entries, layers, memory })) {
    if (limit === undefined || (Number.isSafeInteger(limit) && limit > 0)) continue;
    throw new Docker2vmError("E_USAGE", `a limit of ${limit} for ${name} is not possible`, {
      hint: "give a whole number above 0, or leave the limit to the program",
    });
  }
  return {
    bytes,
    entries: entries ?? ORDINARY_ENTRIES,
    layers: layers ?? ORDINARY_LAYERS,
    memory: memory ?? TREE_BYTES,
  };
}

interface Bounded {
  readonly limits: LimitsRequest;
  readonly filesystem: Pick<FilesystemWriter, "fixedBlocks">;
}

/** Throws E_LIMIT for an image of which its manifest says that it is beyond a limit. */
export function checkManifest(layers: Stored, request: Bounded): void {
  const { limits } = request;
  if (layers.length > limits.layers) {
    throw exceeded(`the image has ${layers.length} layers, more than ${limits.layers}`, "layers");
  }
  const stored = storedBytes(layers);
  const most = mostBytes(layers, request);
  if (stored > most) throw exceeded(`the layers have ${stored} bytes as stored, more than ${most}`, "bytes");
}

/** Throws E_LIMIT for an archive of which `bytes` had to be kept, before anything is known of what is in it. */
export function checkKept(bytes: number, { bytes: most = ORDINARY_BYTES }: LimitsRequest): void {
  if (bytes > most) throw exceeded(`the archive has more than ${most} bytes`, "bytes");
}

/** Counts what all layers together come to. Each count throws E_LIMIT beyond its limit. */
export class LayerBudget {
  readonly #bytes: number;
  readonly #entries: number;
  /** Of contents on the disk. */
  readonly #blocks: number;
  readonly #size: number;
  #bytesSoFar = 0;
  #entriesSoFar = 0;
  #blocksSoFar = 0;

  constructor(layers: Stored, request: Bounded) {
    const { limits, filesystem } = request;
    this.#bytes = mostBytes(layers, request);
    this.#entries = limits.entries;
    this.#size = filesystem.fixedBlocks ?? Number.POSITIVE_INFINITY;
    const replaced = layers.length > 1 ? REPLACED_BYTES / BLOCK_SIZE : 0;
    this.#blocks = limits.bytes === undefined ? MOST_TIMES * this.#size + replaced : Number.POSITIVE_INFINITY;
  }

  /** So many bytes more of a tar. */
  addBytes(bytes: number): void {
    this.#bytesSoFar += bytes;
    if (this.#bytesSoFar <= this.#bytes) return;
    throw exceeded(`the layers come to more than ${this.#bytes} bytes`, "bytes");
  }

  /** One more entry. */
  addEntry(): void {
    this.#entriesSoFar++;
    if (this.#entriesSoFar <= this.#entries) return;
    throw exceeded(`the layers have more than ${this.#entries} entries`, "entries");
  }

  /** So many blocks of contents more. */
  addBlocks(blocks: number): void {
    this.#blocksSoFar += blocks;
    if (this.#blocksSoFar <= this.#blocks) return;
    const [most, size] = [this.#blocks * BLOCK_SIZE, this.#size * BLOCK_SIZE];
    throw new Docker2vmError(
      "E_LIMIT",
      `the layers hold more than ${most} bytes of contents, too much for a filesystem of ${size} bytes`,
      {
        hint: "give a larger --size; if upper layers remove that much, a limit of your own with --max-bytes",
      },
    );
  }
}

function mostBytes(layers: Stored, { limits, filesystem: { fixedBlocks = 0 } }: Bounded): number {
  return (
    limits.bytes ??
    Math.max(ORDINARY_BYTES, MOST_TIMES * storedBytes(layers), MOST_TIMES * fixedBlocks * BLOCK_SIZE)
  );
}

function exceeded(what: string, limit: keyof Limits): Docker2vmError {
  return new Docker2vmError("E_LIMIT", what, {
    hint: `if the image is meant to be like that, raise the limit with --max-${limit}`,
  });
}
