import { setTimeout as delay } from "node:timers/promises";
import { Docker2vmError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { RegistryLayer } from "./registry-layer.ts";
import type { RegistrySession } from "./registry-session.ts";

const CONCURRENCY = 4;

/** So many looks in a row, so many milliseconds apart, that find a reader waiting show that the network is too slow. */
const LOOKS = 10;
const BETWEEN_LOOKS = 20;

/**
 * All layers of an image: once the first is opened they are fetched in order, a few at once. One that is not read yet
 * is fetched only while those that are keep their readers waiting: what comes too early has to be written to the disk
 * and read again. None is fetched twice.
 */
export class RegistryLayers {
  readonly #session: RegistrySession;
  readonly #layers = new Map<Digest, RegistryLayer>();
  readonly #concurrency: number;
  #started = false;
  /** Readers that wait for bytes. */
  #hungry = 0;

  /** Throws E_USAGE for a concurrency that is none. */
  constructor(descriptors: readonly Descriptor[], session: RegistrySession) {
    this.#session = session;
    this.#concurrency = session.options.concurrency ?? CONCURRENCY;
    if (!Number.isSafeInteger(this.#concurrency) || this.#concurrency < 1) {
      throw new Docker2vmError("E_USAGE", `a concurrency of ${this.#concurrency} is not possible`, {
        hint: "give the number of layers to fetch at once: 1 or more",
      });
    }
    for (const descriptor of descriptors) {
      const readers = descriptors.filter(({ digest }) => digest === descriptor.digest).length;
      if (this.#layers.has(descriptor.digest)) continue;
      this.#layers.set(descriptor.digest, new RegistryLayer(descriptor, readers, session));
    }
  }

  /** As LayerBlob.open. */
  open(digest: Digest, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const layer = this.#layers.get(digest);
    if (layer === undefined) throw new RangeError(`no layer ${digest}`);
    const chunks = layer.read(signal);
    this.#start();
    return this.#watched(chunks);
  }

  /** After the session's signal has fired, which ends what is being fetched. */
  async close(): Promise<void> {
    if (!this.#started) return;
    await Promise.all([...this.#layers.values()].map((layer) => layer.close()));
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    const waiting = this.#layers.values();
    for (let i = 0; i < this.#concurrency; i++) void this.#fetchAll(waiting);
  }

  async #fetchAll(waiting: Iterable<RegistryLayer>): Promise<void> {
    for (const layer of waiting) {
      await this.#untilWanted(layer);
      await layer.fetch();
    }
  }

  /** Resolves when a layer has a reader, or the network is too slow for those that have one, or all is over. */
  async #untilWanted(layer: RegistryLayer): Promise<void> {
    const { signal } = this.#session.context;
    for (let looks = 0; looks < LOOKS && !layer.isWanted && !signal?.aborted; ) {
      await Promise.race([layer.wanted, delay(BETWEEN_LOOKS)]);
      looks = this.#hungry > 0 ? looks + 1 : 0;
    }
  }

  async *#watched(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        this.#hungry++;
        const next = await chunks.next().finally(() => this.#hungry--);
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await chunks.return(undefined);
    }
  }
}
