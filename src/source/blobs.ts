/** Blobs of an OCI layout, by descriptor: OCI image spec image-layout.md. */
import { Docker2vmError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { checkDigest, type Digest, digestAlgorithm, digestHex, isDigest } from "../oci/digest.ts";
import { formatPlatform } from "../oci/platform.ts";
import { type FileStore, readWhole, type StoredFile } from "./file-store.ts";

/** Where a layout keeps the blob. */
export function blobName(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/**
 * The blob a descriptor points at, its size checked but not its bytes. `what` names it in messages.
 * Throws E_BAD_MANIFEST if it is not there, E_SIZE_MISMATCH.
 */
export async function findBlob(store: FileStore, descriptor: Descriptor, what: string): Promise<StoredFile> {
  const { digest, size, data } = descriptor;
  if (data !== undefined) return { size, read: () => once(data) };
  const blob = await store.find(blobName(digest));
  if (blob === undefined) throw missing(store, descriptor, what);
  if (blob.size !== size) {
    throw new Docker2vmError(
      "E_SIZE_MISMATCH",
      `${store.name}: ${what} ${digest}: ${blob.size} bytes are there, its descriptor says ${size}`,
      { hint: "the image is damaged or only half written: fetch it again" },
    );
  }
  return blob;
}

/** The blobs that are there, whether anything points at them or not, by what their files are called. */
export async function* listBlobs(store: FileStore): AsyncGenerator<Digest> {
  for (const algorithm of ["sha256", "sha512"]) {
    for (const hex of await store.list(`blobs/${algorithm}`)) {
      const digest = `${algorithm}:${hex}`;
      if (isDigest(digest)) yield digest;
    }
  }
}

/** All the bytes of a blob, checked against size and digest. Throws as findBlob does, and E_DIGEST_MISMATCH. */
export async function readBlob(
  store: FileStore,
  descriptor: Descriptor,
  what: string,
  limit: number,
): Promise<Uint8Array> {
  const bytes = await readWhole(
    await findBlob(store, descriptor, what),
    limit,
    describeBlob(store, descriptor, what),
  );
  checkDigest(bytes, descriptor.digest, `${store.name}: ${what}`);
  return bytes;
}

/** What messages call a blob. */
export function describeBlob(store: FileStore, descriptor: Descriptor, what: string): string {
  return `${store.name}: ${what} ${descriptor.digest}`;
}

const INCOMPLETE =
  "the image is incomplete: it may have been saved for one platform only, or not to its end: fetch or save it again";

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function missing(store: FileStore, descriptor: Descriptor, what: string): Docker2vmError {
  const elsewhere =
    descriptor.urls.length > 0
      ? "the layer is kept elsewhere (its descriptor has urls): fetch the image with its foreign layers"
      : descriptor.platform === undefined
        ? INCOMPLETE
        : `${INCOMPLETE}, or choose a platform that was saved (--platform)`;
  const purpose = descriptor.platform === undefined ? "" : ` for ${formatPlatform(descriptor.platform)}`;
  return new Docker2vmError(
    "E_BAD_MANIFEST",
    `${describeBlob(store, descriptor, what)}${purpose} is not there`,
    {
      hint: store.absenceHint ?? elsewhere,
    },
  );
}
