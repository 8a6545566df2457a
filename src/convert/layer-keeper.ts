import type { Hold } from "../cache/checked-file-writer.ts";
import type { ComingLayer } from "../cache/layer-files.ts";
import type { LayerForm } from "../cache/layer-form.ts";
import type { KeptLayers } from "../cache/layers.ts";
import { PartWriter, type TarPlace } from "../layer/kept/part-writer.ts";
import type { Digest } from "../oci/digest.ts";
import type { EntryPart } from "../tree/entry.ts";

/** Bytes after which the disk is looked at again. */
const LOOK_EVERY = 64 << 20;

/** Keeps one layer while it is read. It fails nobody: what goes wrong ends the keeping. */
export class LayerKeeper {
  readonly #store: KeptLayers;
  readonly #key: Digest;
  readonly #onFailure: (error: unknown) => void;
  /** Undefined where the layer is there, and only one more form of it is to be noted. */
  readonly #coming: ComingLayer | undefined;
  readonly #writer: PartWriter | undefined;
  #isOver = false;
  #nextLook = LOOK_EVERY;
  /** The bytes of the tar that came last. */
  #from: TarPlace = { bytes: new Uint8Array(0), at: 0 };

  private constructor(
    store: KeptLayers,
    key: Digest,
    coming: ComingLayer | undefined,
    onFailure: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#key = key;
    this.#coming = coming;
    this.#writer = coming && new PartWriter(coming);
    this.#onFailure = onFailure;
  }

  /** @param isThere whether the layer is kept, in another form */
  static async begin(
    store: KeptLayers,
    key: Digest,
    isThere: boolean,
    onFailure: (error: unknown) => void,
  ): Promise<LayerKeeper | undefined> {
    try {
      const coming = isThere ? undefined : await store.create(key);
      return new LayerKeeper(store, key, coming, onFailure);
    } catch (error) {
      onFailure(error);
      return undefined;
    }
  }

  /**
   * The tar, which is kept as it passes.
   *
   * @param hold of the memory of the chunk at hand; undefined: it must be copied
   */
  async *tar(chunks: AsyncIterable<Uint8Array>, hold: Hold | undefined): AsyncGenerator<Uint8Array> {
    for await (const bytes of chunks) {
      await this.#keep(async (coming) => {
        this.#from = { bytes, at: await coming.addTar(bytes, hold) };
        await this.#look(coming);
      });
      yield bytes;
    }
    await this.#keep(async (coming) => coming.endTar());
  }

  /** What is in that tar: one list for each chunk, at most. */
  async *parts(parts: AsyncIterable<readonly EntryPart[]>): AsyncGenerator<readonly EntryPart[]> {
    for await (const list of parts) {
      await this.#keep(async () => this.#writer?.take(list, this.#from));
      yield list;
    }
  }

  /** All checks of the layer have held. `tarWarnings` are those that its parts have given. */
  async keep(form: LayerForm, tarWarnings: readonly string[]): Promise<void> {
    if (this.#isOver) return;
    try {
      if (this.#coming === undefined) {
        await this.#store.addForm(this.#key, form);
        return;
      }
      await this.#writer?.end(tarWarnings);
      await this.#coming.close();
      await this.#store.keep(this.#coming, form);
    } catch (error) {
      await this.#end(error);
    }
  }

  /** The layer is not what it should be. */
  async discard(): Promise<void> {
    this.#isOver = true;
    await this.#coming?.discard();
  }

  async #keep(step: (coming: ComingLayer) => Promise<void>): Promise<void> {
    if (this.#isOver || this.#coming === undefined) return;
    try {
      await step(this.#coming);
    } catch (error) {
      await this.#end(error);
    }
  }

  async #look(coming: ComingLayer): Promise<void> {
    if (coming.size > this.#store.limit) await this.discard();
    else if (coming.size > this.#nextLook) {
      this.#nextLook += LOOK_EVERY;
      await this.#store.checkRoom();
    }
  }

  async #end(error: unknown): Promise<void> {
    await this.discard();
    // An entry that is too large for that, say.
    if (!(error instanceof RangeError)) this.#onFailure(this.#store.failure(error));
  }
}
