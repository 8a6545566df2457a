/** An OCI layout that is written: image-layout.md. */
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { StoredBlob } from "../../layer/stored-blob.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { type Digest, digestHex, parseDigest, sha256Of } from "../../oci/digest.ts";
import { layerCompression, OCI_INDEX, ociLayerMediaType } from "../../oci/media-types.ts";
import type { LayerBlob } from "../../source/source.ts";

export type BlobDescriptor = Pick<Descriptor, "mediaType" | "digest" | "size">;

const UNFINISHED = "unfinished";

export class LayoutWriter {
  readonly #folder: string;

  /** The folder is made, and must not be there. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  }

  add(bytes: Uint8Array, mediaType: string): BlobDescriptor {
    const digest = sha256Of(bytes);
    writeFileSync(this.#pathOf(digest), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  addDocument(document: object, mediaType: string): BlobDescriptor {
    return this.add(Buffer.from(`${JSON.stringify(document, null, 2)}\n`), mediaType);
  }

  /**
   * Copies a layer as it is stored. Throws E_DIGEST_MISMATCH and E_SIZE_MISMATCH where it is not what the image says, and
   * E_UNSUPPORTED for one that is no tar.
   */
  async copyLayer(layer: LayerBlob): Promise<BlobDescriptor> {
    const compression = layerCompression(layer.mediaType, `layer ${layer.index + 1} of the base`);
    const hash = createHash("sha256");
    const path = join(this.#folder, UNFINISHED);
    const file = openSync(path, "w");
    const stored = new StoredBlob(layer);
    try {
      for await (const chunk of stored) {
        hash.update(chunk);
        for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
      }
      const digest = layer.digest ?? parseDigest(`sha256:${hash.digest("hex")}`, "node:crypto");
      renameSync(path, this.#pathOf(digest));
      return { mediaType: ociLayerMediaType(compression), digest, size: layer.size };
    } finally {
      closeSync(file);
      rmSync(path, { force: true });
      await stored.close();
    }
  }

  /** Ends the layout with the one index that it is about, under a tag. */
  finish(index: BlobDescriptor, tag: string): void {
    const tagged = { ...index, annotations: { "org.opencontainers.image.ref.name": tag } };
    this.#write("index.json", { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [tagged] });
    this.#write("oci-layout", { imageLayoutVersion: "1.0.0" });
  }

  #write(name: string, document: object): void {
    writeFileSync(join(this.#folder, name), `${JSON.stringify(document, null, 2)}\n`);
  }

  #pathOf(digest: Digest): string {
    const algorithm = digest.slice(0, digest.indexOf(":"));
    const path = join(this.#folder, "blobs", algorithm, digestHex(digest));
    mkdirSync(dirname(path), { recursive: true });
    return path;
  }
}
