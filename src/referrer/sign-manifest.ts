import { createPublicKey, type KeyObject } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { RawManifest } from "../oci/manifest.ts";
import type { PushTarget } from "../registry/push-target.ts";
import type { Repository } from "../registry/repository.ts";
import { BUNDLE, BUNDLE_CONTENT, BUNDLE_PREDICATE, bundleDocument, payloadIn } from "../signature/bundle.ts";
import { Claims } from "../signature/claims.ts";
import { judge } from "../signature/require-signature.ts";
import { referenceIn, signaturePayload, signatureTag, signPayload } from "../signature/simple-signing.ts";
import { IN_TOTO, SIGNED, statementDocument } from "../signature/statement.ts";
import { pushReferrer } from "./push-referrer.ts";
import { addSimpleSignature } from "./simple-signature.ts";

/** A bundle as a referrer, as cosign 3 signs; a payload under a tag, as cosign 2 did and podman looks for. */
export const SIGNATURE_FORMATS = ["bundle", "simple"] as const;

/** One of them. */
export type SignatureFormat = (typeof SIGNATURE_FORMATS)[number];

/** Who signs, and how. */
export interface Signer {
  readonly key: KeyObject;
  readonly formats: readonly SignatureFormat[];
}

/** A repository that is read and written. */
export interface Place {
  readonly target: PushTarget;
  readonly repository: Repository;
}

/** Which signatures by the key a manifest has now. */
export interface SignedManifest {
  readonly digest: Digest;
  readonly made: readonly SignatureFormat[];
  /** Those that were there already. */
  readonly there: readonly SignatureFormat[];
}

/**
 * Signs a manifest that is in the repository. What the key has signed already is not signed again. `reference` is what the
 * image is called: "registry.example/team/vm:1". Throws E_USAGE for a digest that the form has no room for, and as
 * pushReferrer does.
 */
export async function signManifest(
  { target, repository }: Place,
  manifest: RawManifest,
  reference: string,
  { key, formats }: Signer,
): Promise<SignedManifest> {
  const { digest } = manifest;
  const tag = signatureTag(digest);
  if (tag === undefined && formats.includes("simple")) {
    throw new Docker2vmError("E_USAGE", `${digest}: no tag has room for signatures of such a digest`, {
      hint: "sign with --signature-format bundle",
    });
  }
  const before = await formatsThere(repository, manifest, reference, createPublicKey(key));
  const there = formats.filter((format) => before.has(format));
  const made = formats.filter((format) => !before.has(format));
  for (const format of made) {
    if (format === "bundle") {
      await pushAttestation(target, manifest, statementDocument([{ digest }], SIGNED, {}), SIGNED, key);
    } else if (tag !== undefined) {
      const payload = signaturePayload(digest, reference);
      await addSimpleSignature(target, tag, payload, signPayload(payload, key));
    }
  }
  return { digest, made, there };
}

/**
 * Hangs a statement at what it is about: in a bundle where it is signed by a key, else as it is. `title` is what files of it
 * are called.
 */
export async function pushAttestation(
  target: PushTarget,
  subject: RawManifest,
  statement: Uint8Array,
  predicateType: string,
  key: KeyObject | undefined,
  title?: string,
): Promise<{ readonly digest: Digest }> {
  if (key === undefined) {
    const annotations = { [BUNDLE_PREDICATE]: predicateType };
    return pushReferrer(target, subject, { mediaType: IN_TOTO, bytes: statement, title, annotations });
  }
  const annotations = { [BUNDLE_CONTENT]: "dsse-envelope", [BUNDLE_PREDICATE]: predicateType };
  const bytes = bundleDocument(statement, key);
  return pushReferrer(target, subject, { mediaType: BUNDLE, bytes, title, annotations });
}

/** The manifest that brings the same statement signed by the key, if it is there. Its signature is another each time. */
export async function findAttestation(
  repository: Repository,
  subject: RawManifest,
  statement: Uint8Array,
  key: KeyObject,
): Promise<Digest | undefined> {
  const publicKey = createPublicKey(key);
  for await (const claim of new Claims(repository).about([subject])) {
    if (judge(claim, publicKey) !== "attested") continue;
    if (payloadIn(claim.bytes, "bundle")?.equals(statement)) return claim.broughtBy;
  }
  return undefined;
}

/** A payload that calls the image otherwise is no help to whoever goes by that. */
async function formatsThere(
  repository: Repository,
  manifest: RawManifest,
  reference: string,
  key: KeyObject,
): Promise<ReadonlySet<SignatureFormat>> {
  const there = new Set<SignatureFormat>();
  for await (const claim of new Claims(repository).about([manifest])) {
    if (judge(claim, key) !== "valid") continue;
    if (claim.signature === undefined) there.add("bundle");
    else if (referenceIn(claim.bytes) === reference) there.add("simple");
  }
  return there;
}
