/** What is hung at a manifest: OCI image spec manifest.md, `subject`. */
import { sha256Of } from "../oci/digest.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { OCI_EMPTY, OCI_MANIFEST } from "../oci/media-types.ts";
import type { PushTarget } from "../registry/push-target.ts";

/** OCI image spec annotations.md: what other programs call a layer's file. */
export const TITLE = "org.opencontainers.image.title";
const NOTHING = Buffer.from("{}");

/** A document to be hung there. */
export interface Referrer {
  /** Of the document, and of the artifact that brings it. */
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  /** What files of it are called. */
  readonly title?: string | undefined;
  /** Of the manifest, and of its entry where manifests are listed. */
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * Puts a document into the repository of a manifest, and has it listed there. The same document is the same manifest each
 * time. Throws E_DENIED, E_NETWORK and NetworkError.
 */
export async function pushReferrer(
  target: PushTarget,
  subject: RawManifest,
  { mediaType, bytes, title, annotations }: Referrer,
): Promise<RawManifest> {
  const config = { mediaType: OCI_EMPTY, digest: sha256Of(NOTHING), size: NOTHING.length };
  const layer = { mediaType, digest: sha256Of(bytes), size: bytes.length };
  await target.push({ role: "config", digest: config.digest, bytes: NOTHING });
  await target.push({ role: title ?? mediaType, digest: layer.digest, bytes });
  const document = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: mediaType,
      config,
      layers: [title === undefined ? layer : { ...layer, annotations: { [TITLE]: title } }],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.bytes.length },
      annotations,
    }),
  );
  const manifest = { bytes: document, digest: sha256Of(document), mediaType: OCI_MANIFEST };
  const described = { mediaType: OCI_MANIFEST, digest: manifest.digest, size: document.length };
  const entry = { ...described, artifactType: mediaType, annotations };
  await target.put(manifest, { subject: subject.digest, entry });
  return manifest;
}
