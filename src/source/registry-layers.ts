import { Docker2vmError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { RegistryLayer } from "./registry-layer.ts";
import type { RegistrySession } from "./registry-session.ts";

const CONCURRENCY = 4;

/**
 * All layers of an image: once the first is opened they are fetched in order, a few at once, whatever the readers are
 * at. None is fetched twice.
 */
export class RegistryLayers {
  readonly #layers = new Map<Digest, RegistryLayer>();
  readonly #concurrency: number;
  #started = false;

  /** Throws E_USAGE for a concurrency that is none. */
  constructor(descriptors: readonly Descriptor[], session: RegistrySession) {
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
    this.#start();
    return layer.read(signal);
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
    for (let i = 0; i < this.#concurrency; i++) void fetchAll(waiting);
  }
}

async function fetchAll(waiting: IterableIterator<RegistryLayer>): Promise<void> {
  for (const layer of waiting) await layer.fetch();
}
