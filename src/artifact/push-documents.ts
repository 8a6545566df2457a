/** What is said of an artifact, hung at it when it is in its repository and before it has its tag. */
import type { Digest } from "../oci/digest.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { pushReferrer, type Referrer } from "../referrer/push-referrer.ts";
import {
  findAttestation,
  type Place,
  pushAttestation,
  type SignedManifest,
  type Signer,
  signManifest,
} from "../referrer/sign-manifest.ts";
import { BUNDLE } from "../signature/bundle.ts";
import { IN_TOTO } from "../signature/statement.ts";
import { PROVENANCE } from "./provenance.ts";

/** A document that hangs at an artifact now. */
export interface PushedDocument {
  readonly title: string;
  readonly mediaType: string;
  /** Of the manifest that brings it. */
  readonly digest: Digest;
}

/** What hangs at an artifact now. */
export interface PushedDocuments {
  readonly attached: readonly PushedDocument[];
  /** Of the artifact, where a key was given. */
  readonly signature: SignedManifest | undefined;
}

/** What is to hang there. */
export interface DocumentsToPush {
  readonly documents: readonly (Referrer & { readonly title: string })[];
  /** A statement. */
  readonly provenance: Uint8Array | undefined;
  readonly signer: Signer | undefined;
}

/**
 * Hangs everything there. With a key the artifact is signed, each document by itself, and provenance in its envelope: who
 * believes the key need believe nobody's list. Throws as pushReferrer and signManifest do.
 */
export async function pushDocuments(
  place: Place,
  artifact: RawManifest,
  reference: string,
  { documents, provenance, signer }: DocumentsToPush,
): Promise<PushedDocuments> {
  const attached: PushedDocument[] = [];
  for (const document of documents) {
    const manifest = await pushReferrer(place.target, artifact, document);
    if (signer !== undefined) await signManifest(place, manifest, nameOf(reference), signer);
    attached.push({ title: document.title, mediaType: document.mediaType, digest: manifest.digest });
  }
  if (provenance !== undefined) {
    const title = signer === undefined ? "provenance.intoto.json" : "provenance.sigstore.json";
    const there = signer && (await findAttestation(place.repository, artifact, provenance, signer.key));
    const digest =
      there ??
      (await pushAttestation(place.target, artifact, provenance, PROVENANCE, signer?.key, title)).digest;
    attached.push({ title, mediaType: signer === undefined ? IN_TOTO : BUNDLE, digest });
  }
  const signature = signer && (await signManifest(place, artifact, reference, signer));
  return { attached, signature };
}

/** A document has no tag: it is called by the repository alone. */
function nameOf(reference: string): string {
  return reference.replace(/:[^:/]*$/, "");
}
