/**
 * Sigstore's bundles, as cosign has written them since version 3: sigstore/protobuf-specs sigstore_bundle.proto,
 * sigstore/cosign specs/BUNDLE_SPEC.md. In them the signed bytes are an envelope (secure-systems-lab/dsse protocol.md)
 * around a statement of in-toto's (in-toto/attestation spec/v1), or the image's manifest itself.
 */
import { type KeyObject, verify } from "node:crypto";
import { digestAlgorithm, digestHex } from "../oci/digest.ts";
import { type JsonValue, parseJson } from "../oci/json.ts";
import type { RawManifest } from "../oci/manifest.ts";

const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.3\+json|\+json;version=0\.[123])$/;
/** Where a bundle has the certificate of its key, since 0.3 and before. */
const CERTIFICATES = ["certificate", "x509CertificateChain"];
const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const STATEMENT = "https://in-toto.io/Statement/v1";
/** What says no more than that the image is signed. A list of its packages, though signed too, commends nothing. */
const SIGNED = "https://sigstore.dev/cosign/sign/v1";

/**
 * "valid": the key's, over this image. "keyless": by a certificate, of which a key knows nothing. "other": about
 * something else than that the image is signed.
 */
export type Verdict = "valid" | "invalid" | "keyless" | "other";

/** Whether a media type is one of a bundle, with any of its versions. */
export function isBundle(mediaType: string): boolean {
  return BUNDLE.test(mediaType);
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
      : judgeEnvelope(envelope, image, key);
  } catch {
    // node:crypto throws for a signature that is none, the JSON reader for a document that is none.
    return "invalid";
  }
}

function judgeEnvelope(envelope: JsonValue, image: RawManifest, key: KeyObject): Verdict {
  const payload = base64(envelope.field("payload"));
  const [signature, ...more] = envelope.field("signatures").items();
  if (envelope.field("payloadType").string() !== PAYLOAD_TYPE) return "other";
  if (signature === undefined || more.length > 0) return "invalid";
  const signed = Buffer.concat([
    Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `),
    payload,
  ]);
  if (!verify("sha256", signed, key, base64(signature.field("sig")))) return "invalid";
  return judgeStatement(parseJson(payload, "statement", payload.length), image);
}

function judgeStatement(statement: JsonValue, { digest }: RawManifest): Verdict {
  if (statement.field("_type").string() !== STATEMENT) return "other";
  if (statement.field("predicateType").string() !== SIGNED) return "other";
  const algorithm = digestAlgorithm(digest);
  const named = statement
    .field("subject")
    .items()
    .some((subject) => subject.field("digest").field(algorithm).optionalString() === digestHex(digest));
  return named ? "valid" : "invalid";
}

/** The signature is over the manifest's bytes; the digest beside it is for whoever looks for them, and proves nothing. */
function judgeMessage(message: JsonValue, { bytes }: RawManifest, key: KeyObject): Verdict {
  return verify("sha256", bytes, key, base64(message.field("signature"))) ? "valid" : "invalid";
}

function base64(value: JsonValue): Buffer {
  return Buffer.from(value.string(), "base64");
}
