import { Docker2vmError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { Change } from "../waiting/change.ts";
import { RegistryLayer } from "./registry-layer.ts";
import type { RegistrySession } from "./registry-session.ts";

const CONCURRENCY = 4;

/** So many looks in a row, so many milliseconds apart, that find a reader waiting show the network to be too slow. */
const LOOKS = 10;
const BETWEEN_LOOKS = 20;

/** Bytes of whole layers that may be here before their readers. */
const MOST_AHEAD = 4 << 20;

/**
 * All layers of an image: once the first is opened they are fetched in order, a few at once. For each that is read one
 * is fetched, itself or, after that, one of the next; more only while readers wait for bytes: what comes too early has
 * to be written to the disk and read again, unless it is so little that memory holds it. None is fetched twice.
 */
export class RegistryLayers {
  readonly #session: RegistrySession;
  readonly #layers = new Map<Digest, RegistryLayer>();
  readonly #concurrency: number;
  /** Told when a layer gets a reader or has been fetched. */
  readonly #change = new Change();
  #started = false;
  #readers = 0;
  /** Those that wait for bytes. */
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
    for (const [index, descriptor] of descriptors.entries()) {
      const readers = descriptors.filter(({ digest }) => digest === descriptor.digest).length;
      if (this.#layers.has(descriptor.digest)) continue;
      this.#layers.set(
        descriptor.digest,
        new RegistryLayer(descriptor, `layer ${index + 1}`, readers, session),
      );
    }
  }

  /** As LayerBlob.open. */
  open(digest: Digest, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const layer = this.#get(digest);
    const chunks = layer.read(signal);
    this.begin();
    this.#change.tell();
    // It is no longer among those that wait.
    if (layer.isLeft && layer.isWaiting) void this.#fetch(layer, false);
    return this.#watched(chunks);
  }

  /** As LayerBlob.leave: it is fetched only if it is opened after all. */
  leave(digest: Digest): void {
    const layer = this.#get(digest);
    if (layer.isWaiting) layer.isLeft = true;
    this.#change.tell();
  }

  /** After the session's signal has fired, which ends what is being fetched. */
  async close(): Promise<void> {
    if (!this.#started) return;
    const begun = [...this.#layers.values()].filter(({ isLeft, isWaiting }) => !(isLeft && isWaiting));
    await Promise.all(begun.map((layer) => layer.close()));
  }

  #get(digest: Digest): RegistryLayer {
    const layer = this.#layers.get(digest);
    if (layer === undefined) throw new RangeError(`no layer ${digest}`);
    return layer;
  }

  /** Begins to fetch, for a first reader that is to come. */
  begin(): void {
    if (this.#started) return;
    this.#started = true;
    const waiting = this.#layers.values();
    for (let i = 0; i < this.#concurrency; i++) void this.#fetchAll(waiting);
  }

  async #fetchAll(waiting: Iterable<RegistryLayer>): Promise<void> {
    const { signal } = this.#session.context;
    for (const layer of waiting) {
      for (let looks = 0; looks < LOOKS && !layer.isLeft && !this.#isDue(layer) && !signal?.aborted; ) {
        if (await this.#change.within(BETWEEN_LOOKS)) continue;
        looks = this.#hungry > 0 ? looks + 1 : 0;
      }
      if (!layer.isLeft) await this.#fetch(layer, !this.#isDue(layer));
    }
  }

  async #fetch(layer: RegistryLayer, isEarly: boolean): Promise<void> {
    await layer.fetch(isEarly);
    this.#change.tell();
  }

  /** Whether it has a reader, or is the next that one of them is to have, or may as well be here before. */
  #isDue(layer: RegistryLayer): boolean {
    if (layer.isWanted) return true;
    const layers = [...this.#layers.values()];
    const inHand = layers.filter(({ isInHand }) => isInHand);
    if (
      inHand.length < Math.max(this.#readers, 1) &&
      layer === layers.find(({ isWaiting, isLeft }) => isWaiting && !isLeft)
    )
      return true;
    const ahead = inHand.filter(({ isLight, isWanted }) => isLight && !isWanted);
    return layer.isLight && ahead.reduce((sum, { size }) => sum + size, layer.size) <= MOST_AHEAD;
  }

  async *#watched(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.#readers++;
    try {
      for (;;) {
        this.#hungry++;
        const next = await chunks.next().finally(() => this.#hungry--);
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      this.#readers--;
      await chunks.return(undefined);
    }
  }
}
