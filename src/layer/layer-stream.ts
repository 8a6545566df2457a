import { assert, Docker2vmError } from "../errors.ts";
import { FOREIGN_HEAD, sniffForeign } from "../inflate/foreign.ts";
import { type ChunkMemory, stockFor } from "../memory/chunks.ts";
import { foreignLayer } from "../oci/media-types.ts";
import {
  type Compression,
  decompress,
  gunzipsAside,
  type InflateChoice,
  sniffCompression,
} from "./decompress.ts";
import { type LayerBlob, layerName } from "./layer-blob.ts";
import { peek } from "./peek.ts";
import { DigestCheck, StoredBlob } from "./stored-blob.ts";

export { type LayerBlob, layerName } from "./layer-blob.ts";

export interface LayerStreamOptions {
  readonly inflate: InflateChoice;
  /** Aborting it makes the layer throw the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of stored bytes of each chunk as it is read. */
  readonly onStored?: ((bytes: number) => void) | undefined;
  /** Hears what is not an error; the message does not name the layer. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Where to inflate to, instead of a stock of the thread's own. */
  readonly memory?: ChunkMemory | undefined;
}

/**
 * Gives the uncompressed tar of a layer to `use`, which must read it to its end, and returns what `use` returns: only
 * when the stored bytes' size and digest and the tar's diff_id held. Throws as inflateLayer does, and
 * E_DIFF_ID_MISMATCH.
 */
export function readLayer<T>(
  blob: LayerBlob,
  options: LayerStreamOptions,
  use: (tar: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  return inflateLayer(blob, options, (tar, diffId) => use(diffId.isChecked ? tar : checked(tar, blob)));
}

/** Whether other threads than the one that reads the layer inflate it; if it is what its media type says. */
export function inflatesAside({ mediaType }: Pick<LayerBlob, "mediaType">, inflate: InflateChoice): boolean {
  return inflate !== "fflate" && promisedCompression(mediaType) === "gzip" && gunzipsAside();
}

/** What is known of a tar's diff_id before the tar is hashed. */
export interface DiffIdState {
  /** The tar is the blob itself, and the blob's digest was the diff_id. */
  readonly isChecked: boolean;
}

/**
 * As readLayer, but that the tar's diff_id is left to `use`. Throws E_SIZE_MISMATCH, E_DIGEST_MISMATCH,
 * E_BAD_COMPRESSION and the signal's reason. If decompression fails or `use` throws an error that blames the image (a
 * broken tar, say), the rest of the stored bytes is read and checked first: where they are damaged, that is the error,
 * with the other one as its cause.
 */
export async function inflateLayer<T>(
  blob: LayerBlob,
  options: LayerStreamOptions,
  use: (tar: AsyncIterable<Uint8Array>, diffId: DiffIdState) => Promise<T>,
): Promise<T> {
  const { inflate, signal, onStored, memory = stockFor(blob.size) } = options;
  const stored = new StoredBlob(blob, signal, onStored);
  let complete = false;
  async function* whole(source: AsyncIterable<Uint8Array>, compression: Compression) {
    for await (const chunk of decompress(source, compression, inflate, layerName(blob), memory)) {
      signal?.throwIfAborted();
      yield chunk;
    }
    complete = true;
  }
  try {
    const { head, whole: source } = await peek(stored, FOREIGN_HEAD);
    const compression = sniffCompression(head);
    const foreign = sniffForeign(head);
    if (foreign !== undefined) throw foreignLayer(foreign, layerName(blob));
    warnOfDisagreement(blob, compression, options);
    const isChecked = compression === "none" && blob.digest === blob.diffId;
    const result = await use(whole(source, compression), { isChecked });
    assert(complete, `${layerName(blob)} was not read to its end`);
    await stored.close();
    return result;
  } catch (error) {
    const reason = await stored.explain(error);
    // Why nobody reads on is what counts, not how the source takes it.
    await stored.close(reason).catch(() => undefined);
    throw reason;
  }
}

async function* checked(tar: AsyncIterable<Uint8Array>, blob: LayerBlob): AsyncGenerator<Uint8Array> {
  const check = new DiffIdCheck(blob);
  for await (const chunk of tar) {
    check.update(chunk);
    yield chunk;
  }
  check.finish();
}

/** Hashes a layer's tar as it passes. */
export class DiffIdCheck {
  readonly #blob: Omit<LayerBlob, "open">;
  readonly #digest: DigestCheck;

  constructor(blob: Omit<LayerBlob, "open">) {
    this.#blob = blob;
    this.#digest = new DigestCheck(blob.diffId);
  }

  update(chunk: Uint8Array): void {
    this.#digest.update(chunk);
  }

  /** Throws E_DIFF_ID_MISMATCH; to be called at the tar's end. */
  finish(): void {
    const actual = this.#digest.mismatch();
    if (actual === undefined) return;
    const name = layerName(this.#blob);
    throw new Docker2vmError(
      "E_DIFF_ID_MISMATCH",
      `${name}: its tar hashes to ${actual}, the image's config says ${this.#blob.diffId}`,
      { hint: "the image was put together wrongly or was changed: rebuild it, or fetch it again" },
    );
  }
}

function warnOfDisagreement({ mediaType }: LayerBlob, found: Compression, options: LayerStreamOptions): void {
  const promised = promisedCompression(mediaType);
  if (promised === undefined || promised === found) return;
  const is = found === "none" ? "not compressed" : `${found} data`;
  options.onWarning?.(`the layer's media type is ${mediaType}, but it is ${is}: it is read as what it is`);
}

/** What a layer media type of the OCI image spec (layer.md) or of Docker says; undefined for any other. */
function promisedCompression(mediaType: string): Compression | undefined {
  const match = /^application\/vnd\.(?:oci|docker)\.image\..*\btar(?:[+.](gzip|zstd))?$/.exec(mediaType);
  if (match === null) return undefined;
  return match[1] === "gzip" || match[1] === "zstd" ? match[1] : "none";
}
