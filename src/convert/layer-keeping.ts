/** Layers as they are unpacked, from earlier conversions and for later ones: no blob is read, inflated or hashed for them. */
import manifest from "../../package.json" with { type: "json" };
import { DamagedFileError, type PieceReader } from "../cache/checked-file.ts";
import type { LayerForm } from "../cache/layer-form.ts";
import { KeptLayers } from "../cache/layers.ts";
import { Docker2vmError, isAbsence, reasonOf } from "../errors.ts";
import { PartReader } from "../layer/kept/part-reader.ts";
import { partsOfTar } from "../layer/kept/parts-of-tar.ts";
import { PARTS_FORMAT } from "../layer/kept/records.ts";
import type { PartCount } from "../layer/kept/skip-parts.ts";
import { layerName } from "../layer/layer-stream.ts";
import { type Digest, sha256Of } from "../oci/digest.ts";
import type { LayerBlob } from "../source/source.ts";
import type { AttributePool } from "../tree/attribute-pool.ts";
import type { EntryPart } from "../tree/entry.ts";
import { LayerKeeper } from "./layer-keeper.ts";
import type { LayerStoreRequest } from "./layer-store-request.ts";
import { type LayerBudget, MOST_TIMES } from "./limits.ts";

/** What the parts of a layer follow from: its tar and the program that reads it. */
export function layerKey({ diffId }: Pick<LayerBlob, "diffId">): Digest {
  return sha256Of(Buffer.from(JSON.stringify({ format: PARTS_FORMAT, program: manifest.version, diffId })));
}

/** Who reads a layer that is kept. */
export interface KeptReading {
  readonly signal: AbortSignal;
  readonly budget: LayerBudget;
  readonly attributes: AttributePool;
  /** Reads and checks the tar in another thread; undefined: this one does. */
  readonly pieces: PieceReader | undefined;
  /** Counts what has come. */
  readonly had: PartCount;
  onProgress(part: number): void;
  onWarning(message: string): void;
}

/** The layers of one conversion, as far as they are kept or to be kept. What fails of that costs time alone. */
export class LayerKeeping {
  readonly #store: KeptLayers;
  readonly #warn: (message: string) => void;
  readonly #quiet: boolean;
  readonly #least: number;
  readonly #found = new Map<LayerBlob, LayerForm>();
  /** Bytes that the image and what is kept for it may take. */
  #room = 0;
  #prepared: Promise<void> | undefined;
  readonly #coming = new Set<Digest>();
  #takesMore = true;
  readonly #underWay: Promise<void>[] = [];

  private constructor({ folder, limit, least, quiet }: LayerStoreRequest, warn: (message: string) => void) {
    this.#store = new KeptLayers(folder, limit);
    this.#warn = warn;
    this.#quiet = quiet;
    this.#least = least;
  }

  /** Looks for the layers, and tells those that are kept that nobody is going to read them. */
  static async open(
    request: LayerStoreRequest,
    layers: readonly LayerBlob[],
    warn: (message: string) => void,
  ): Promise<LayerKeeping> {
    const keeping = new LayerKeeping(request, warn);
    for (const blob of layers) {
      if (blob.size < request.least) continue;
      const form = await keeping.#store.find(layerKey(blob), blob);
      if (form === undefined) continue;
      keeping.#found.set(blob, form);
      blob.leave?.();
    }
    // No conversion is to fail for what is kept for others. The image mostly is on the same disk.
    for (const blob of layers) keeping.#room += mostContents(blob) * (keeping.isKept(blob) ? 1 : 2);
    return keeping;
  }

  isKept(blob: LayerBlob): boolean {
    return this.#found.has(blob);
  }

  /** Bytes of the tars of layers that are kept. */
  get tarBytes(): number {
    return [...this.#found.values()].reduce((sum, { tarBytes }) => sum + tarBytes, 0);
  }

  /**
   * The parts of a layer that is kept, as its tar gives them, and its warnings. Where it turns out to be damaged, which
   * it does before a byte is given away that is, or cannot be read on, they end there; `had` says where, and `isKept` is
   * false from then on.
   */
  async *parts(blob: LayerBlob, reading: KeptReading): AsyncGenerator<readonly EntryPart[]> {
    const form = this.#found.get(blob);
    if (form === undefined) return;
    const { signal, budget, attributes, pieces, had, onProgress, onWarning } = reading;
    budget.addBytes(form.tarBytes);
    const reader = new PartReader(attributes);
    try {
      const layer = await this.#store.open(layerKey(blob), pieces);
      try {
        const all = await layer.tarPieces();
        let come = 0;
        const onPiece = (count: number): void => {
          if (count > come) onProgress(count / all);
          come = count;
        };
        for await (const parts of partsOfTar(layer, reader, onPiece)) {
          signal.throwIfAborted();
          for (const part of parts) had.add(part);
          yield parts;
        }
        if (come < all) onProgress(1);
      } finally {
        await layer.close();
      }
    } catch (error) {
      await this.#giveUp(blob, error, signal);
      return;
    }
    for (const message of [...form.warnings, ...reader.warnings]) onWarning(message);
  }

  /** What keeps a layer that is being read; undefined where there is nothing to keep. */
  async keeper(blob: LayerBlob): Promise<LayerKeeper | undefined> {
    const key = layerKey(blob);
    if (blob.size < this.#least || !this.#takesMore || this.#coming.has(key)) return undefined;
    this.#coming.add(key);
    const isThere = await this.#store.has(key);
    if (!isThere) {
      this.#prepared ??= this.#store.prepare(this.#room).catch((error: unknown) => this.#stop(error));
      await this.#prepared;
      if (!this.#takesMore) return undefined;
    }
    return LayerKeeper.begin(this.#store, key, isThere, (error) => this.#stop(error));
  }

  /** Has it done beside everything else. */
  inPassing(work: Promise<void>): void {
    this.#underWay.push(work);
  }

  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #giveUp(blob: LayerBlob, error: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // A limit, say.
    if (error instanceof Docker2vmError) throw error;
    this.#found.delete(blob);
    // Another process has taken it out.
    if (isAbsence(error)) return;
    const copy = `the cache's copy of ${layerName(blob)} as it is unpacked`;
    if (!isDamage(error)) {
      // Another time it may be readable.
      this.#warn(`${copy} cannot be read (${reasonOf(error)}): the layer is unpacked anew`);
      return;
    }
    this.#warn(`${copy} is damaged: it is dropped`);
    await this.#store.drop(layerKey(blob)).catch((failure: unknown) => this.#stop(failure));
  }

  /** Told once, and for all. */
  #stop(error: unknown): void {
    if (!(error instanceof Docker2vmError)) throw error;
    if (this.#takesMore && !this.#quiet) this.#warn(`layers are not kept: ${error.message} (${error.hint})`);
    this.#takesMore = false;
  }
}

/** What no PartWriter has written is damage that a checksum does not show. */
function isDamage(error: unknown): boolean {
  return error instanceof DamagedFileError || error instanceof RangeError || error instanceof SyntaxError;
}

/** Bytes that a layer's tar hardly goes beyond. */
function mostContents({ size, mediaType }: LayerBlob): number {
  return mediaType.endsWith("tar") ? size : MOST_TIMES * size;
}
