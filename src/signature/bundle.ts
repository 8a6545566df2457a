/**
 * Sigstore's bundles, as cosign has written them since version 3: sigstore/protobuf-specs sigstore_bundle.proto,
 * sigstore/cosign specs/BUNDLE_SPEC.md. In them the signed bytes are an envelope around a statement of in-toto's, or the
 * image's manifest itself.
 */
import { createHash, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import type { Digest } from "../oci/digest.ts";
import { type JsonValue, parseJson } from "../oci/json.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { IN_TOTO, isAbout, preAuthEncoding, predicateTypeOf, SIGNED } from "./statement.ts";

/** The one that is written. */
export const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const BUNDLES = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.3\+json|\+json;version=0\.[123])$/;
/** Annotations of the manifest that brings a bundle: BUNDLE_SPEC.md. */
export const BUNDLE_CONTENT = "dev.sigstore.bundle.content";
export const BUNDLE_PREDICATE = "dev.sigstore.bundle.predicateType";
/** Where a bundle has the certificate of its key, since 0.3 and before. */
const CERTIFICATES = ["certificate", "x509CertificateChain"];

/**
 * "valid": the key's, over this image. "keyless": by a certificate, of which a key knows nothing. "attested": the key's
 * word on this image, but not that it is signed. "other": something else.
 */
export type Verdict = "valid" | "invalid" | "keyless" | "attested" | "other";

/** Whether a media type is one of a bundle, with any of its versions. */
export function isBundle(mediaType: string): boolean {
  return BUNDLES.test(mediaType);
}

/** A statement signed by a private key, as `cosign sign` and `cosign attest` write it with one. */
export function bundleDocument(statement: Uint8Array, key: KeyObject): Buffer {
  const der = createPublicKey(key).export({ type: "spki", format: "der" });
  const hint = createHash("sha256").update(der).digest("base64");
  const sig = sign("sha256", preAuthEncoding(statement), key).toString("base64");
  const payload = Buffer.from(statement).toString("base64");
  return Buffer.from(
    JSON.stringify({
      mediaType: BUNDLE,
      verificationMaterial: { publicKey: { hint } },
      dsseEnvelope: { payload, payloadType: IN_TOTO, signatures: [{ sig }] },
    }),
  );
}

/** What a bundle is worth for an image. Does not throw: what cannot be read is invalid. */
export function judgeBundle(bytes: Uint8Array, image: RawManifest, key: KeyObject): Verdict {
  try {
    const bundle = parseJson(bytes, "bundle", bytes.length);
    if (!isBundle(bundle.field("mediaType").string())) return "invalid";
    const material = bundle.field("verificationMaterial");
    if (CERTIFICATES.some((name) => !material.field(name).missing)) return "keyless";
    if (material.field("publicKey").missing) return "invalid";
    const envelope = bundle.field("dsseEnvelope");
    return envelope.missing
      ? judgeMessage(bundle.field("messageSignature"), image, key)
      : judgeEnvelope(envelope, image.digest, key);
  } catch {
    // node:crypto throws for a signature that is none, the JSON reader for a document that is none.
    return "invalid";
  }
}

/**
 * What is signed in a bundle, whoever has signed it: a statement. Undefined where that is the image's manifest itself.
 * Throws E_BAD_MANIFEST.
 */
export function payloadIn(bytes: Uint8Array, where: string): Buffer | undefined {
  const bundle = parseJson(bytes, where, bytes.length);
  const envelope = bundle.field("dsseEnvelope");
  if (envelope.missing && !bundle.field("messageSignature").missing) return undefined;
  return base64(envelope.field("payload"));
}

function judgeEnvelope(envelope: JsonValue, digest: Digest, key: KeyObject): Verdict {
  const payload = base64(envelope.field("payload"));
  const [signature, ...more] = envelope.field("signatures").items();
  if (envelope.field("payloadType").string() !== IN_TOTO) return "other";
  if (signature === undefined || more.length > 0) return "invalid";
  if (!verify("sha256", preAuthEncoding(payload), key, base64(signature.field("sig")))) return "invalid";
  const statement = parseJson(payload, "statement", payload.length);
  const type = predicateTypeOf(statement);
  if (type === undefined) return "other";
  if (!isAbout(statement, digest)) return type === SIGNED ? "invalid" : "other";
  return type === SIGNED ? "valid" : "attested";
}

/** The signature is over the manifest's bytes; the digest beside it is for whoever looks for them, and proves nothing. */
function judgeMessage(message: JsonValue, { bytes }: RawManifest, key: KeyObject): Verdict {
  return verify("sha256", bytes, key, base64(message.field("signature"))) ? "valid" : "invalid";
}

function base64(value: JsonValue): Buffer {
  return Buffer.from(value.string(), "base64");
}
